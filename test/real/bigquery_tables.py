"""Says which tables a query reads, by sqlglot (MIT): lines {"sql", "project", "dataset"} in, one line
{"kind", "tables"} out for each. A second reader of SQL beside ours, which shares nothing with it."""

import json
import sys

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

KINDS = {exp.Select: "SELECT", exp.Union: "SELECT", exp.Intersect: "SELECT", exp.Except: "SELECT"}


def tables(statement, project, dataset):
    found = set()
    for scope in traverse_scope(statement):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and source.name:
                found.add((source.catalog or project, source.db or dataset, source.name))
    return [list(name) for name in sorted(found)]


for line in sys.stdin:
    asked = json.loads(line)
    statements = sqlglot.parse(asked["sql"], read="bigquery")
    kind = KINDS.get(type(statements[0]), "OTHER") if len(statements) == 1 else "SCRIPT"
    read = tables(statements[0], asked["project"], asked["dataset"]) if kind == "SELECT" else []
    print(json.dumps({"kind": kind, "tables": read}), flush=True)
