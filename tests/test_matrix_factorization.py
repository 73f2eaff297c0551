"""Matrix factorizations: known low-rank truths, a checkerboard, and the ML functions over them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from sklearn import metrics as sk

import retailsql
from retailsql.errors import MissingExtraError, ScoringError, StatementError, TrainingError
from retailsql.training.factorization import implicit as factor_implicit
from retailsql.training.factorization.als import fit_explicit
from retailsql.training.factorization.data import Ratings

NOISE = 0.5


def low_rank(con, users=150, items=80, rank=3, rows=6000, seed=0):
    """Table ``ratings`` = 3.5 + biases + three factors + noise of a known size."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 0.7, (users, rank)), rng.normal(0, 0.7, (items, rank))
    user_bias, item_bias = rng.normal(0, 0.3, users), rng.normal(0, 0.3, items)
    pair = rng.choice(users * items, rows, replace=False)
    u, i = pair // items, pair % items
    stars = 3.5 + user_bias[u] + item_bias[i] + (x[u] * y[i]).sum(1) + rng.normal(0, NOISE, rows)
    con.execute("CREATE TABLE ratings(who BIGINT, what VARCHAR, stars DOUBLE)")
    rows = [(int(a), f"i{b:02d}", float(c)) for a, b, c in zip(u, i, stars)]
    con.executemany("INSERT INTO ratings VALUES (?, ?, ?)", rows[:1])
    con.execute(
        "INSERT INTO ratings SELECT unnest($1), unnest($2), unnest($3)",
        [[r[0] for r in rows[1:]], [r[1] for r in rows[1:]], [r[2] for r in rows[1:]]],
    )


CREATE = (
    "CREATE MODEL {name} OPTIONS(model_type='MATRIX_FACTORIZATION', user_col='who', "
    "item_col='what', rating_col='{rating}'{more}) AS SELECT * FROM {table}"
)


def create(con, name="mf", rating="stars", table="ratings", more=""):
    statement = CREATE.format(name=name, rating=rating, table=table, more=more)
    relation = con.sql(statement)
    return dict(zip(relation.columns, relation.fetchall()[0]))


@pytest.fixture(scope="module")
def shop():
    with retailsql.connect() as con:
        low_rank(con)
        con.execute(
            "CREATE TABLE clicks AS SELECT who, what, ceil(stars - 4)::BIGINT AS n "
            "FROM ratings WHERE stars > 4"
        )
        con.told = create(con, more=", num_factors=3")
        create(con, "clicked", "n", "clicks", ", feedback_type='implicit', num_factors=3")
        yield con


def evaluation(con, model):
    sql = "SELECT evaluation FROM retailsql.versions WHERE model_name = ?"
    return json.loads(con.execute(sql, [model]).fetchall()[0][0])


def test_factors_find_the_truth_that_biases_cannot(shop):
    """On held-out ratings the error comes near the noise, and every trivial rule is beaten."""
    told = evaluation(shop, "mf")
    error = told["metrics"]["root_mean_squared_error"]
    assert NOISE < error < 1.25 * NOISE
    biases = told["baselines"]["mean + user bias + item bias"]["root_mean_squared_error"]
    assert all(
        biases <= rule["root_mean_squared_error"] + 0.01 for rule in told["baselines"].values()
    )
    assert error < 0.7 * biases
    assert shop.told["warning"] is None
    assert shop.told["parity_max_abs_diff"] < 1e-9
    assert "l2_reg" in told["split"]
    assert "fitted again on all" in told["split"]


def test_biases_alone_are_the_ridge_solution():
    """With no factors the fit is the ridge regression on one-hot users and items."""
    rng = np.random.default_rng(1)
    pair = rng.choice(12 * 7, 60, replace=False)
    user, item, rating = pair // 7, pair % 7, rng.normal(3, 1, 60)
    ids = tuple(map(str, range(12))), tuple(map(str, range(7)))
    ratings = Ratings(*ids, user, item, rating, None, ("", "", "", ""), ("", ""))
    found = fit_explicit(ratings, 0, 2.0, 500, 1e-15, 0)
    x = np.zeros((60, 19))
    x[np.arange(60), user] = x[np.arange(60), 12 + item] = 1
    best = np.linalg.solve(x.T @ x + 2 * np.eye(19), x.T @ (rating - rating.mean()))
    assert np.allclose(np.concatenate([found.user_bias, found.item_bias]), best, atol=1e-5)


@pytest.mark.parametrize("feedback", ["explicit", "implicit"])
def test_the_withheld_cell_of_a_checkerboard_is_recommended(con, feedback):
    """User u likes the items of his own parity; the one withheld from him must come first."""
    con.execute(
        "CREATE TABLE board AS SELECT u AS who, 'i' || i AS what, "
        "CASE WHEN (u + i) % 2 = 0 THEN 5 ELSE 1 END AS stars "
        "FROM range(40) a(u), range(40) b(i) WHERE u <> i"
    )
    if feedback == "implicit":
        con.execute("DELETE FROM board WHERE stars = 1")
    create(con, "b", table="board", more=f", feedback_type='{feedback}', num_factors=4")
    rows = con.sql("SELECT u, b_recommend(u, 1)[1].item_id FROM range(40) r(u)").fetchall()
    assert [(u, f"i{u}") for u in range(40)] == sorted(rows)


def test_the_same_rows_in_any_order_give_the_same_model(con):
    """Bit for bit, explicit and implicit; another seed gives another."""
    low_rank(con, 40, 30, 2, 600)
    hashes = []
    for order in ("who, what", "hash(who) , what DESC"):
        con.execute(f"CREATE OR REPLACE TABLE shuffled AS FROM ratings ORDER BY {order}")
        for feedback in ("EXPLICIT", "IMPLICIT"):
            create(con, "m", table="shuffled", more=f", feedback_type='{feedback}'")
            (name,) = con.sql("SELECT content_hash FROM retailsql.versions").fetchall()
            hashes.append(name[0])
            con.execute("DROP MODEL m")
    assert hashes[:2] == hashes[2:]
    create(con, "m", more=", seed=1")
    assert con.sql("SELECT content_hash FROM retailsql.versions").fetchall()[0][0] not in hashes


def test_score_is_the_sum_of_its_weights(shop):
    """mu + b_u + b_i + u.v of ML.WEIGHTS; strangers lack their parts, NULL scores NULL."""
    weights = shop.sql("FROM ML.WEIGHTS(MODEL mf)")
    assert weights.columns == ["processed_input", "feature", "factor_weights", "intercept"]
    assert str(weights.types[2]) == "STRUCT(factor BIGINT, weight DOUBLE)[]"
    by = {(row[0], row[1]): row for row in weights.fetchall()}
    mean = by[None, "global__intercept__"]
    assert mean[2] is None
    assert len(by) == 150 + 80 + 1
    user, item = by["who", "7"], by["what", "i03"]
    assert [f["factor"] for f in user[2]] == [1, 2, 3]
    product = sum(a["weight"] * b["weight"] for a, b in zip(user[2], item[2]))
    ask = "SELECT mf_score(who := {}, what := {})"
    score = {
        pair: shop.sql(ask.format(*pair)).fetchall()[0][0]
        for pair in ((7, "'i03'"), (-1, "'i03'"), (7, "'no'"), (-1, "'no'"), ("NULL", "'i03'"))
    }
    assert score[7, "'i03'"] == pytest.approx(mean[3] + user[3] + item[3] + product, abs=1e-6)
    assert score[-1, "'i03'"] == pytest.approx(mean[3] + item[3], abs=1e-6)
    assert score[7, "'no'"] == pytest.approx(mean[3] + user[3], abs=1e-6)
    assert score[-1, "'no'"] == pytest.approx(mean[3], abs=1e-9)
    assert score["NULL", "'i03'"] is None


def test_recommend_forms(shop):
    """All pairs; users, items or pairs given; their columns as documented."""
    every = shop.sql("FROM ML.RECOMMEND(MODEL mf)")
    assert every.columns == ["who", "what", "predicted_stars"]
    assert [str(t) for t in every.types] == ["BIGINT", "VARCHAR", "DOUBLE"]
    assert len(every.fetchall()) == 150 * 80
    one = shop.sql("FROM ML.RECOMMEND(MODEL mf, (SELECT 7 AS who))").fetchall()
    assert len(one) == 80
    assert {r[0] for r in one} == {7}
    assert len(shop.sql("FROM ML.RECOMMEND(MODEL mf, (SELECT 'i03' AS what))").fetchall()) == 150
    pairs = shop.sql("FROM ML.RECOMMEND(MODEL mf, (SELECT 7 AS who, 'i03' AS what, 1 AS kept))")
    assert pairs.columns == ["who", "what", "predicted_stars", "kept"]
    assert pairs.fetchall()[0][2] == next(r[2] for r in one if r[1] == "i03")
    implicit = shop.sql("FROM ML.RECOMMEND(MODEL clicked, (SELECT 7 AS who))")
    assert implicit.columns[2] == "predicted_n_confidence"
    strangers = shop.sql("FROM ML.RECOMMEND(MODEL mf, (SELECT NULL::BIGINT AS who))").fetchall()
    assert {r[2] for r in strangers} == {None}
    with pytest.raises(StatementError, match="neither 'who' nor 'what'"):
        shop.sql("FROM ML.RECOMMEND(MODEL mf, (SELECT 1 AS whom))")
    with pytest.raises(StatementError, match="best items of users"):
        shop.sql("FROM ML.RECOMMEND(MODEL mf, (SELECT 'i03' AS what), STRUCT(3 AS top_k))")
    with_parameter = shop.execute("FROM ML.RECOMMEND(MODEL mf, (SELECT ?::BIGINT AS who))", [7])
    assert with_parameter.fetchall() == one


def test_lists_are_the_best_scores_whatever_the_batch(shop):
    """``_recommend`` and top_k agree with the scores, leave out what was rated, and a list does
    not depend on the other rows of the call."""
    rows = shop.sql(
        "SELECT who, what, predicted_stars FROM ML.RECOMMEND(MODEL mf) "
        "ANTI JOIN ratings USING (who, what) QUALIFY row_number() OVER "
        "(PARTITION BY who ORDER BY predicted_stars DESC) <= 3 ORDER BY who, 3 DESC"
    ).fetchall()
    top = shop.sql("FROM ML.RECOMMEND(MODEL mf, STRUCT(3 AS top_k)) ORDER BY who, rank")
    assert top.columns == ["who", "what", "predicted_stars", "rank"]
    top = top.fetchall()
    assert [r[:2] for r in top] == [r[:2] for r in rows]
    assert np.allclose([r[2] for r in top], [r[2] for r in rows], atol=1e-12)
    together = shop.sql("SELECT who, mf_recommend(who, 3) FROM range(150) r(who)").fetchall()
    for who, best in together[::30]:
        assert shop.sql(f"SELECT mf_recommend({who}, 3)").fetchall()[0][0] == best
    kept = "STRUCT(80 AS top_k, false AS exclude_seen)"
    assert len(shop.sql(f"FROM ML.RECOMMEND(MODEL mf, (SELECT 7 AS who), {kept})").fetchall()) == 80
    assert shop.sql("SELECT mf_recommend(NULL, 3), mf_recommend(7, NULL)").fetchall() == [
        (None, None)
    ]
    (stranger,) = shop.sql("SELECT clicked_recommend(-1, 2)").fetchall()[0]
    most = shop.sql("SELECT what FROM clicks GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2")
    assert [i["item_id"] for i in stranger] == [w for (w,) in most.fetchall()]


def test_predict_and_evaluate_rows_as_scikit_learn_does(shop):
    """ML.PREDICT puts the rating before the columns; ML.EVALUATE of a table is scikit-learn's."""
    rows = shop.sql("FROM ML.PREDICT(MODEL mf, (FROM ratings WHERE stars > 0))")
    assert rows.columns == ["predicted_stars", "who", "what", "stars"]
    data = np.array([(r[0], r[3]) for r in rows.fetchall()])
    predicted, truth = data[:, 0], data[:, 1]
    told = shop.sql("FROM ML.EVALUATE(MODEL mf, (FROM ratings WHERE stars > 0))")
    wanted = {
        "mean_absolute_error": sk.mean_absolute_error(truth, predicted),
        "mean_squared_error": sk.mean_squared_error(truth, predicted),
        "mean_squared_log_error": np.mean((np.log1p(truth) - np.log1p(predicted)) ** 2),
        "median_absolute_error": sk.median_absolute_error(truth, predicted),
        "r2_score": sk.r2_score(truth, predicted),
        "explained_variance": sk.explained_variance_score(truth, predicted),
    }
    assert told.columns == list(wanted)
    assert told.fetchall()[0] == pytest.approx(list(wanted.values()), abs=1e-9)
    saved = shop.sql("FROM ML.EVALUATE(MODEL mf)")
    assert saved.columns == list(wanted)
    held = evaluation(shop, "mf")["metrics"]
    assert saved.fetchall()[0] == tuple(held.get(name) for name in wanted)


def test_evaluate_rankings_as_scikit_learn_does(shop):
    """Mean average precision and NDCG over all items; and the average rank by its definition."""
    pairs = shop.sql("FROM ML.RECOMMEND(MODEL clicked) ORDER BY who, what").fetchall()
    users, items = (sorted({r[k] for r in pairs}) for k in (0, 1))
    scores = np.array([r[2] for r in pairs]).reshape(len(users), len(items))
    rating = np.zeros_like(scores)
    for who, what, n in shop.sql("FROM clicks").fetchall():
        rating[users.index(who), items.index(what)] = n
    place = np.argsort(np.argsort(-scores, axis=1), axis=1) / (len(items) - 1)
    told = shop.sql("FROM ML.EVALUATE(MODEL clicked, TABLE clicks)")
    wanted = {
        "mean_average_precision": sk.label_ranking_average_precision_score(rating > 0, scores),
        "mean_squared_error": np.mean((scores - (rating > 0)) ** 2),
        "normalized_discounted_cumulative_gain": sk.ndcg_score(rating, scores),
        "average_rank": (rating * place).sum() / rating.sum(),
    }
    assert told.columns == list(wanted)
    assert told.fetchall()[0] == pytest.approx(list(wanted.values()), abs=1e-9)
    saved = shop.sql("FROM ML.EVALUATE(MODEL clicked)").fetchall()[0]
    assert saved == tuple(evaluation(shop, "clicked")["metrics"][name] for name in wanted)


def test_training_info_has_the_loss_of_each_iteration(shop):
    info = shop.sql("SELECT iteration, loss FROM ML.TRAINING_INFO(MODEL mf)").fetchall()
    assert [i for i, _ in info] == list(range(len(info)))
    assert len(info) > 2
    assert all(a > b for (_, a), (_, b) in itertools.pairwise(info))


def test_item_knn_tells_its_saved_evaluation(con):
    con.execute(
        "CREATE TABLE log AS SELECT u AS who, 'i' || i AS what, "
        "DATE '2024-01-01' + ((u * 7 + i) % 60)::INTEGER AS day "
        "FROM range(60) a(u), range(20) b(i) WHERE (u * i + u + i) % 3 > 0"
    )
    con.execute(
        "CREATE MODEL knn OPTIONS(model_type='ITEM_KNN', user_col='who', item_col='what', "
        "timestamp_col='day') AS FROM log"
    )
    told = con.sql("FROM ML.EVALUATE(MODEL knn)")
    held = evaluation(con, "knn")["metrics"]
    assert told.columns[:2] == ["recall_at_k", "ndcg_at_k"]
    assert told.fetchall()[0] == tuple(held.get(name) for name in told.columns)


def test_a_model_in_a_file_works_in_the_next_session(tmp_path):
    """Scores and lists, with what the user has rated left out, from the stored bytes alone."""
    with retailsql.connect(tmp_path / "shop.duckdb") as con:
        low_rank(con, 30, 20, 2, 300)
        create(con)
        before = con.sql("SELECT mf_score(r), mf_recommend(r.who, 2) FROM ratings r").fetchall()
    with retailsql.connect(tmp_path / "shop.duckdb", read_only=True) as con:
        after = con.sql("SELECT mf_score(r), mf_recommend(r.who, 2) FROM ratings r").fetchall()
    assert before == after


def test_a_split_by_time_trains_on_the_earlier_ratings(con):
    """SEQ judges by the largest values; who only comes later is a stranger to the model."""
    low_rank(con, 30, 20, 2, 400)
    con.execute("CREATE TABLE dated AS SELECT *, who AS day FROM ratings")
    told = create(con, table="dated", more=", data_split_method='SEQ', data_split_col='day'")
    assert "rows with day >= " in told["split"]
    assert told["rows_train"] + told["rows_eval"] == 400
    score = "SELECT mf_score(who := {}, what := 'i03')"
    last, stranger = (con.sql(score.format(who)).fetchall()[0][0] for who in (29, -1))
    assert last == stranger != con.sql(score.format(0)).fetchall()[0][0]


def test_repeated_pairs_and_missing_values_are_told(con):
    low_rank(con, 30, 20, 2, 400)
    con.execute("INSERT INTO ratings SELECT who, what, stars + 2 FROM ratings LIMIT 5")
    con.execute("INSERT INTO ratings VALUES (NULL, 'i01', 3), (1, 'i01', NULL)")
    words = create(con)["warning"]
    assert "5 ratings are of an item that the user rates in another row" in words
    assert "1 rows without who" in words
    assert "1 rows without stars" in words


@pytest.mark.parametrize(
    ("table", "more", "error"),
    [
        ("SELECT who, what, 'good' AS stars FROM ratings", "", "holds no numbers"),
        ("SELECT who / 2 AS who, what, stars FROM ratings", "", "cannot hold ids"),
        ("SELECT who AS whom, what, stars FROM ratings", "", "no column 'who'"),
        ("SELECT 1 AS who, what, stars FROM ratings", "", "at least two users"),
        ("SELECT who, what, 'inf'::DOUBLE AS stars FROM ratings", "", "infinite"),
        ("FROM ratings", ", data_split_method='SEQ'", "do not fit together"),
        ("FROM ratings", ", feedback_type='LOUD'", "does not exist"),
        ("SELECT who, what, 0 AS stars FROM ratings", ", feedback_type='IMPLICIT'", "can judge"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(con, table, more, error):
    low_rank(con, 30, 20, 2, 400)
    with pytest.raises(TrainingError, match=error):
        create(con, table=f"({table})", more=more)


def test_ids_of_a_wrong_type_are_refused(shop):
    with pytest.raises(ScoringError, match="Column 'who' has a type that is no id"):
        shop.execute("SELECT mf_score({'who': [1], 'what': 'i03'})")


def test_without_the_package_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "implicit.cpu.als", None)
    one = np.zeros(1, dtype=np.int64)
    ratings = Ratings(("a",), ("b",), one, one, np.ones(1), None, ("",) * 4, ("", ""))
    with pytest.raises(MissingExtraError, match=r"retailsql\[train\]"):
        factor_implicit.fit_implicit(ratings, 2, 1.0, 40.0, 1, 0.0, 0)
