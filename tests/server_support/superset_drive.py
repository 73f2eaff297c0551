"""Use Superset as a person does, in headless Chromium; prints what was seen as one JSON object.

Run by the Python of Superset's own environment (``make superset``), which has selenium.

    superset_drive.py http://127.0.0.1:8088 postgresql://user:password@127.0.0.1:5433/shop \\
        FOLDER SCHEMA
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.ui import WebDriverWait

SQL = (
    "SELECT customer_id, churn_score(r) AS score, as_of FROM customer_features AS r "
    "ORDER BY customer_id LIMIT 50"
)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1000",
)  # fmt: skip


class Superset:
    """A signed-in browser on a Superset."""

    def __init__(self, base: str, folder: Path) -> None:
        self.base, self.folder = base, folder
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        service = webdriver.ChromeService("/usr/bin/chromedriver")
        self.browser = webdriver.Chrome(options=options, service=service)
        self.wait = WebDriverWait(self.browser, 60)

    def sign_in(self) -> None:
        """Fill in the form of the login page."""
        self.browser.get(f"{self.base}/login/")
        self.wait.until(until.presence_of_element_located((By.ID, "username"))).send_keys("admin")
        self.browser.find_element(By.ID, "password").send_keys("admin")
        self.browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
        self.wait.until(lambda b: "/login" not in b.current_url)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask Superset's interface from inside the page, with the person's own cookies."""
        script = """
            const [method, path, body, done] = arguments;
            fetch(path, {method, credentials: "same-origin",
                headers: {"Content-Type": "application/json"},
                body: body === null ? undefined : JSON.stringify(body)})
            .then(r => r.text().then(t => done([r.status, t])));
        """
        self.browser.set_script_timeout(120)
        status, text = self.browser.execute_async_script(script, method, path, body)
        answer = json.loads(text)
        if status >= 300:
            raise SystemExit(f"{method} {path}: {status} {text}")
        return answer

    def picture(self, name: str) -> None:
        """Keep what is on the screen."""
        self.browser.save_screenshot(str(self.folder / f"{name}.png"))

    def sql_lab(self, database: int, sql: str) -> str:
        """Run a statement in SQL Lab; the text of the results' grid."""
        self.browser.get(
            f"{self.base}/sqllab/?dbid={database}&sql={quote(sql)}&title=scores&autorun=true"
        )
        grid = (
            By.CSS_SELECTOR,
            "[role=grid], .ag-root, .virtualized-table, .ant-alert, [role=alert]",
        )
        self.wait.until(until.presence_of_element_located(grid))
        time.sleep(3)
        self.picture("sql_lab")
        return " | ".join(e.text for e in self.browser.find_elements(*grid))

    def chart(self, chart: int, name: str) -> dict[str, Any]:
        """Open a chart in Explore: the text of what is drawn, alerts, and pictures in it."""
        self.browser.get(f"{self.base}/explore/?slice_id={chart}")
        drawn = (By.CSS_SELECTOR, ".slice_container, [data-test=chart-container]")
        ready = (By.CSS_SELECTOR, ".slice_container td, .slice_container canvas, [role=alert]")
        self.wait.until(until.presence_of_element_located(ready))
        time.sleep(2)  # the drawing is animated
        self.picture(name)
        found = self.browser.find_elements
        return {
            "text": " | ".join(e.text for e in found(*drawn)),
            "alerts": [e.text for e in found(By.CSS_SELECTOR, "[role=alert], .ant-alert-error")],
            "pictures": len(found(By.CSS_SELECTOR, ".slice_container canvas")),
        }


def form(kind: str) -> dict[str, Any]:
    """The mean score of February, as a table by customer or as a line by week."""
    by = {
        "table": {"query_mode": "aggregate", "groupby": ["customer_id"]},
        "echarts_timeseries_line": {"x_axis": "as_of", "time_grain_sqla": "P1W"},
    }
    return {
        **by[kind], "viz_type": kind, "granularity_sqla": "as_of", "row_limit": 100,
        "metrics": [{"expressionType": "SQL", "sqlExpression": "AVG(score)", "label": "score"}],
        "adhoc_filters": [{
            "clause": "WHERE", "comparator": "2024-02-01 : 2024-03-01", "expressionType": "SIMPLE",
            "operator": "TEMPORAL_RANGE", "subject": "as_of",
        }],
    }  # fmt: skip


def main() -> None:
    """Connect, look at schemas, run SQL, make a dataset and two charts."""
    base, uri, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    superset = Superset(base, folder)
    seen: dict[str, Any] = {}
    try:
        superset.sign_in()
        made = superset.call("POST", "/api/v1/database/", {
            "database_name": "shop", "sqlalchemy_uri": uri, "expose_in_sqllab": True,
        })  # fmt: skip
        database = made["id"]
        seen["schemas"] = superset.call("GET", f"/api/v1/database/{database}/schemas/")["result"]
        question = quote(f"(schema_name:{sys.argv[4]})")
        tables = superset.call("GET", f"/api/v1/database/{database}/tables/?q={question}")
        seen["tables"] = sorted(t["value"] for t in tables["result"])
        seen["sql_lab"] = superset.sql_lab(database, SQL)
        dataset = superset.call("POST", "/api/v1/dataset/", {
            "database": database, "schema": sys.argv[4], "table_name": "scores",
            "sql": SQL.split(" ORDER")[0],
        })["id"]  # fmt: skip
        columns = superset.call("GET", f"/api/v1/dataset/{dataset}")["result"]["columns"]
        seen["columns"] = {c["column_name"]: [c["type"], c["is_dttm"]] for c in columns}
        for kind in ("table", "echarts_timeseries_line"):
            chart = superset.call("POST", "/api/v1/chart/", {
                "slice_name": kind, "viz_type": kind, "datasource_id": dataset,
                "datasource_type": "table",
                "params": json.dumps({**form(kind), "datasource": f"{dataset}__table"}),
            })["id"]  # fmt: skip
            seen[kind] = superset.chart(chart, kind)
    finally:
        superset.picture("last")
        superset.browser.quit()
    sys.stdout.write(json.dumps(seen))


main()
