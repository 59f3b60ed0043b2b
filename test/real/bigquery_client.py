"""Plays an analyst's program with unmodified google-cloud-bigquery. Prints one JSON line a step: what
came of it, the error as the library tells it, and how many requests were sent. Nothing here knows
svidgate but its address; the client certificate comes from GOOGLE_API_CERTIFICATE_CONFIG and the CA
from REQUESTS_CA_BUNDLE, as for any Google client."""

import json
import sys

import google.auth.credentials
import requests
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

endpoint, project, location = sys.argv[1:4]
wanted = sys.argv[4:]  # names of steps; all where none is given

sent = []
send = requests.Session.send


def counted(session, request, **options):
    sent.append(f"{request.method} {requests.utils.urlparse(request.url).path}")
    return send(session, request, **options)


requests.Session.send = counted

client = bigquery.Client(
    project=project,
    location=location,
    credentials=google.auth.credentials.AnonymousCredentials(),
    client_options={"api_endpoint": endpoint},
)


def step(name, call):
    if wanted and name not in wanted:
        return
    sent.clear()
    out = {"step": name}
    try:
        out["result"] = call()
        out["ok"] = True
    except GoogleAPICallError as error:
        out.update(ok=False, error=type(error).__name__, status=error.code, message=error.message)
        out["reasons"] = [entry.get("reason") for entry in error.errors]
    except Exception as error:  # the test wants to see what an agent would see
        out.update(ok=False, error=type(error).__name__, message=str(error))
    out["requests"] = list(sent)
    print(json.dumps(out, default=str), flush=True)


def rows(iterator):
    return [list(row.values()) for row in iterator]


SELECT = "SELECT customer, amount FROM sales.orders ORDER BY id"
ORDERS = f"{project}.sales.orders"

# What a reader may.
step("query", lambda: rows(client.query(SELECT).result()))
step("query_and_wait", lambda: rows(client.query_and_wait(SELECT)))


def parameters():
    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("least", "INT64", 15)]
    )
    sql = "SELECT customer FROM sales.orders WHERE amount > @least"
    return rows(client.query_and_wait(sql, job_config=config))


step("parameters", parameters)
step("WITH", lambda: rows(client.query_and_wait(f"WITH o AS ({SELECT}) SELECT COUNT(*) FROM o")))


def dry_run():
    job = client.query(SELECT, job_config=bigquery.QueryJobConfig(dry_run=True))
    return {"bytes": job.total_bytes_processed, "tables": [str(t) for t in job.referenced_tables]}


step("dry run", dry_run)
step("get_table", lambda: [field.name for field in client.get_table(ORDERS).schema])
step("list_rows", lambda: rows(client.list_rows(client.get_table(ORDERS))))
step("list_tables", lambda: [table.table_id for table in client.list_tables("sales")])

# What a reader may not.
step("DELETE", lambda: rows(client.query("DELETE FROM sales.orders WHERE true").result()))
step("DELETE, waited for", lambda: rows(client.query_and_wait("DELETE FROM sales.orders WHERE true")))
step("DROP", lambda: rows(client.query_and_wait("DROP TABLE sales.orders")))
step("script", lambda: rows(client.query_and_wait("SELECT 1; DROP TABLE sales.orders")))
step("script, inserted", lambda: rows(client.query("SELECT 1; DROP TABLE sales.orders").result()))
step(
    "script behind a raw string",
    # A backslash keeps a quote from ending a raw string too: the text is over before the semicolon.
    lambda: rows(client.query_and_wait(r"SELECT r'\' AS a, '; DROP TABLE sales.orders; --'")),
)
step(
    "script behind a bare CR",
    lambda: rows(client.query_and_wait("SELECT 1 -- \r; DROP TABLE sales.orders")),
)
step(
    "EXECUTE IMMEDIATE",
    lambda: rows(client.query_and_wait("EXECUTE IMMEDIATE 'DROP TABLE sales.orders'")),
)
step("foreign dataset", lambda: rows(client.query_and_wait("SELECT * FROM payroll.salaries")))
step("no such dataset", lambda: rows(client.query_and_wait("SELECT * FROM nowhere.salaries")))
step(
    "foreign project",
    lambda: rows(client.query_and_wait("SELECT * FROM `other-data.finance.ledger`")),
)
step("foreign table, listed", lambda: rows(client.list_rows(client.get_table(f"{project}.payroll.salaries"))))
step(
    "foreign dataset through a default",
    lambda: rows(
        client.query_and_wait(
            "SELECT * FROM salaries",
            job_config=bigquery.QueryJobConfig(default_dataset=f"{project}.payroll"),
        )
    ),
)


def destination():
    config = bigquery.QueryJobConfig(
        destination=f"{project}.sales.orders", write_disposition="WRITE_TRUNCATE"
    )
    return rows(client.query("SELECT 1 AS id", job_config=config).result())


step("destination table", destination)
step(
    "EXPORT DATA",
    lambda: rows(
        client.query_and_wait(
            "EXPORT DATA OPTIONS (uri='gs://elsewhere/*.csv', format='CSV') AS SELECT * FROM sales.orders"
        )
    ),
)
step("extract", lambda: client.extract_table(ORDERS, "gs://elsewhere/*.csv").result().state)
step("copy", lambda: client.copy_table(ORDERS, f"{project}.sales.copied").result().state)
step("delete_table", lambda: client.delete_table(ORDERS))
step("create_table", lambda: str(client.create_table(f"{project}.sales.created")))
step("insert_rows", lambda: client.insert_rows_json(ORDERS, [{"id": 9}]))
step("legacy SQL", lambda: rows(
    client.query(
        f"SELECT * FROM [{project}:payroll.salaries]",
        job_config=bigquery.QueryJobConfig(use_legacy_sql=True),
    ).result()
))
