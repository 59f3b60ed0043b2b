"""Calls unmodified google-cloud-bigquery against an endpoint that refuses everything. Prints one JSON
line a call: the error as the library tells it, and how many requests were sent."""

import json
import sys

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery


def refusals(endpoint):
    """Yields what each call of a client of `endpoint` comes to."""
    client = bigquery.Client(
        project="p",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
    )
    sent = []
    send = requests.Session.send

    def counted(session, request, **options):
        sent.append(request.method)
        return send(session, request, **options)

    requests.Session.send = counted
    calls = {
        "query": lambda: client.query("SELECT 1"),
        "query_and_wait": lambda: client.query_and_wait("SELECT 1"),
        "list_datasets": lambda: list(client.list_datasets()),
        "get_table": lambda: client.get_table("p.d.t"),
        "list_rows": lambda: list(
            client.list_rows("p.d.t", selected_fields=[bigquery.SchemaField("a", "STRING")])
        ),
        "get_job": lambda: client.get_job("j"),
        "cancel_job": lambda: client.cancel_job("j"),
    }
    for name, call in calls.items():
        sent.clear()
        try:
            call()
            yield {"call": name, "requests": len(sent)}
        except Exception as error:  # the test wants to see what an agent would see
            yield {
                "call": name,
                "requests": len(sent),
                "error": type(error).__name__,
                "status": getattr(error, "code", None),
                "message": str(error),
                "errors": getattr(error, "errors", None),
            }


if __name__ == "__main__":
    for line in refusals(sys.argv[1]):
        print(json.dumps(line), flush=True)
