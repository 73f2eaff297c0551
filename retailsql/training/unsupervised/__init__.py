"""KMEANS, PCA and AUTOENCODER: models of rows without a label."""
