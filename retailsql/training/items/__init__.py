"""ITEM_KNN: items by the purchases they share."""
