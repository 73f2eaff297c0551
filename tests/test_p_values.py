"""ML.ADVANCED_WEIGHTS: standard errors and p-values are those of statsmodels."""

from __future__ import annotations

import re

import numpy as np
import pytest
import statsmodels.api as sm

import retailsql
from retailsql.errors import StatementError, TrainingError

TABLE = """
CREATE TABLE s AS SELECT i, hash(i) % 1000 / 10 AS amount, hash(i + 1) % 50 AS visits,
    ['red', 'green', 'red', 'blue', NULL][1 + (hash(i + 2) % 5)::INT] AS colour,
    hash(i + 3) % 3 = 0 AS member,
    3 + .02 * amount + coalesce(colour = 'green', false)::INT + .5 * member::INT
    + (hash(i + 4) % 1000 + hash(i + 5) % 1000) / 400 AS value,
    coalesce((value + (hash(i + 6) % 1000) / 250) > 8.5, false) AS big, i % 5 = 0 AS part,
    'tier' || i % 3 AS tier FROM range(800) r(i)
"""
P = "calculate_p_values=true, category_encoding_method='DUMMY_ENCODING'"
SPLIT = "data_split_method='CUSTOM', data_split_col='part'"
FEATURES = "amount, visits, colour, member"
COLUMNS = ["processed_input", "category", "weight", "standard_error", "p_value"]


@pytest.fixture(scope="module")
def shop():
    with retailsql.connect() as con:
        con.execute(TABLE)
        for name, kind, label, more in [
            ("line", "LINEAR_REG", "value", ""), ("odds", "LOGISTIC_REG", "big", ""),
            ("against", "LOGISTIC_REG", "big", ", positive_class=false"),
            ("origin", "LINEAR_REG", "value", ", fit_intercept=false"),
        ]:  # fmt: skip
            make(con, name, f"model_type='{kind}', input_label_cols=['{label}'], {P}{more}", label)
        yield con


def make(con, name, options, label, features=FEATURES):
    sql = f"CREATE MODEL {name} OPTIONS({options}, {SPLIT}) AS SELECT {features}, {label}, part"
    con.execute(f"{sql} FROM s").fetchall()


def told(con, model, more=""):
    relation = con.execute(f"FROM ML.ADVANCED_WEIGHTS(MODEL {model}{more})")
    assert [d[0] for d in relation.description] == COLUMNS
    return {(r[0], r[1]): r[2:] for r in relation.fetchall()}


def design(con, standardized=False, constant=True):
    """The training rows as anybody would code them: red, the most frequent, has no column."""
    t = con.execute("SELECT * FROM s WHERE NOT part").fetchdf()
    x = {
        ("amount", None): t["amount"], ("visits", None): t["visits"],
        ("colour", "green"): t["colour"] == "green", ("colour", "blue"): t["colour"] == "blue",
        ("colour", "_null_filler"): t["colour"].isna(), ("member", "true"): t["member"],
    }  # fmt: skip
    x = {k: np.asarray(v, dtype=float) for k, v in x.items()}
    if standardized:
        for k in [("amount", None), ("visits", None)]:
            x[k] = (x[k] - x[k].mean()) / x[k].std()
    if constant:
        x[("__INTERCEPT__", None)] = np.ones(len(t))
    return list(x), np.column_stack(list(x.values())), t


def same(found, names, fitted, sign=1):
    for name, b, se, p in zip(names, fitted.params, fitted.bse, fitted.pvalues):
        weight, error, value = found[name]
        assert weight == pytest.approx(sign * b, rel=1e-4, abs=1e-6), name
        assert error == pytest.approx(se, rel=1e-4), name
        assert value == pytest.approx(p, rel=2e-3, abs=1e-12), name


def test_least_squares(shop):
    names, x, t = design(shop)
    same(told(shop, "line"), names, sm.OLS(t["value"].to_numpy(), x).fit(use_t=False))
    names, x, t = design(shop, constant=False)
    found = told(shop, "origin")
    same(found, names, sm.OLS(t["value"].to_numpy(), x).fit(use_t=False))
    assert found[("__INTERCEPT__", None)] == (0.0, None, None)


@pytest.mark.parametrize(("model", "sign"), [("odds", 1), ("against", -1)])
def test_logistic_regression(shop, model, sign):
    names, x, t = design(shop)
    fitted = sm.Logit(t["big"].to_numpy().astype(float), x).fit(disp=0, tol=1e-12)
    same(told(shop, model), names, fitted, sign)


def test_standardized(shop):
    names, x, t = design(shop, standardized=True)
    found = told(shop, "line", ", STRUCT(TRUE AS standardize)")
    same(found, names, sm.OLS(t["value"].to_numpy(), x).fit(use_t=False))


def test_the_weights_are_those_of_ml_weights_and_the_base_has_no_error(shop):
    found = told(shop, "line")
    assert found[("colour", "red")] == (0.0, None, None)
    assert found[("member", "false")] == (0.0, None, None)
    plain = {}
    for name, weight, pairs in shop.execute("FROM ML.WEIGHTS(MODEL line)").fetchall():
        plain |= {(name, p["category"]): p["weight"] for p in pairs or []}
        plain |= {(name, None): weight} if pairs is None else {}
    assert {name: row[0] for name, row in found.items()} == pytest.approx(plain)


def test_a_column_that_does_not_matter_is_seldom_significant(shop):
    found = told(shop, "line")
    assert found[("amount", None)][2] < 1e-6
    assert found[("visits", None)][2] > 0.01


def test_a_model_without_them_says_what_to_train_with(shop):
    make(shop, "plain", "model_type='LINEAR_REG', input_label_cols=['value']", "value")
    with pytest.raises(StatementError, match="calculate_p_values = true.*DUMMY_ENCODING"):
        shop.execute("FROM ML.ADVANCED_WEIGHTS(MODEL plain)")


LINE = "model_type='LINEAR_REG', input_label_cols=['value']"


def test_class_weights_leave_no_p_values(shop):
    """The model is trained as asked, and the result row says what it lacks."""
    options = f"model_type='LOGISTIC_REG', input_label_cols=['big'], {P}, auto_class_weights=true"
    make(shop, "weighted", options, "big", "amount")
    with pytest.raises(StatementError, match="without standard errors"):
        shop.execute("SELECT * FROM ML.ADVANCED_WEIGHTS(MODEL weighted)")


@pytest.mark.parametrize(
    ("options", "label", "features", "words"),
    [
        (f"{LINE}, calculate_p_values=true", "value", "amount", "category_encoding_method"),
        (f"{LINE}, {P}, l2_reg=1", "value", "amount", "this l2_reg"),
        (f"{LINE}, {P}, l1_reg=0.1", "value", "amount", "this l1_reg"),
        (f"{LINE}, {P}, num_trials=2", "value", "amount", "this num_trials"),
        (f"{LINE}, {P}", "value", "amount, 2 * amount AS twice", "depend on each other"),
        (f"{LINE}, {P}", "value", "amount, current_date + i::INT AS day", "'day' has no"),
        (f"{LINE}, {P}", "value", "amount, 1 AS one", "Seen: one"),
        (f"model_type='LOGISTIC_REG', input_label_cols=['tier'], {P}", "tier", "amount",
         "for two classes"),
        (f"model_type='LOGISTIC_REG', input_label_cols=['big'], {P}", "big",
         "big::INT + amount / 1000 AS given_away", "without an error"),
    ],
)  # fmt: skip
def test_what_has_no_standard_errors_is_refused(shop, options, label, features, words):
    with pytest.raises(TrainingError, match=re.compile(words)):
        make(shop, "refused", options, label, features)
