"""Where the work of each skill lies in a repository, and what its files say.

A table, long because it is one: paths, imports and function bodies that a reader of a machine-learning repository
would expect. `{component}` is filled in paths; `{name}`, `{n}`, `{column}` in bodies.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AREAS", "COLUMNS", "SKILLS", "Area"]

SKILLS: tuple[str, ...] = (
    "ml-pipelines",
    "model-training",
    "model-serving",
    "model-monitoring",
    "experiment-tracking",
    "data-pipelines",
    "feature-engineering",
    "containers",
    "ci-cd",
    "llm-apps",
    "code-quality",
    "code-review",
    "technical-docs",
    "collaboration",
)
"""The codes of the standard `aiml`, in its order."""

COLUMNS = ("basket_value", "tenure_days", "visit_gap", "region", "channel", "weekday", "utterance", "intent", "stock")


@dataclass(frozen=True, slots=True)
class Area:
    """The files of one skill. `verbs` begin commit subjects; `bodies` are functions of the Python files."""

    paths: tuple[str, ...]
    components: tuple[str, ...]
    imports: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


AREAS: dict[str, Area] = {
    "ml-pipelines": Area(
        paths=("pipelines/{component}/steps.py", "pipelines/{component}/pipeline.py", "dags/{component}.py"),
        components=("retraining", "batch_scoring", "backfill", "nightly_refresh", "embedding_index"),
        imports=("from kfp import dsl", "import kfp", "from airflow import DAG", "from prefect import flow"),
        bodies=(
            "@dsl.component(base_image='python:3.11')\ndef {name}(rows: int = {n}) -> int:\n"
            "    accepted = max(0, rows - {n})\n    return accepted\n",
            "def {name}(context):\n    batch = context['params'].get('{column}', {n})\n"
            "    for attempt in range(3):\n        if context['run'](batch, attempt=attempt):\n            return batch\n"
            "    raise RuntimeError('step failed after three attempts')\n",
        ),
        subjects=("Retry the {component} step", "Split {component} into two steps", "Make {component} resumable"),
    ),
    "model-training": Area(
        paths=("training/{component}/train.py", "training/{component}/evaluate.py", "training/{component}/params.yaml"),
        components=("demand", "churn", "ranking", "defects", "tagger"),
        imports=("import torch", "from torch import nn", "import lightgbm as lgb", "from sklearn import metrics"),
        bodies=(
            "def {name}(model, loader, epochs={n}):\n    optimiser = torch.optim.AdamW(model.parameters())\n"
            "    for _ in range(epochs):\n        for batch in loader:\n            loss = model.loss(batch)\n"
            "            loss.backward()\n            optimiser.step()\n            optimiser.zero_grad()\n",
            "def {name}(frame):\n    folds = frame.groupby('{column}').cumcount() % {n}\n"
            "    return [metrics.log_loss(part.y, part.p) for _, part in frame.groupby(folds)]\n",
        ),
        subjects=("Tune the {component} model", "Evaluate {component} by fold", "Guard {component} against leakage"),
    ),
    "model-serving": Area(
        paths=("serving/{component}/app.py", "serving/{component}/predict.py", "serving/{component}/client.py"),
        components=("forecast_api", "pricing_api", "chat_gateway", "annotator", "batch_worker"),
        imports=("from fastapi import FastAPI", "import uvicorn", "import onnxruntime", "from ray import serve"),
        bodies=(
            "@app.post('/{column}/{n}')\nasync def {name}(request: Request) -> dict[str, float]:\n"
            "    payload = await request.json()\n    return {{'score': session.run(payload)}}\n",
            "def {name}(session, rows, timeout={n}):\n    with session.deadline(timeout):\n"
            "        return [row.score for row in session.predict(rows)]\n",
        ),
        subjects=("Batch requests in {component}", "Bound the latency of {component}", "Warm up {component} on start"),
    ),
    "model-monitoring": Area(
        paths=(
            "monitoring/{component}/drift.py",
            "monitoring/{component}/report.py",
            "monitoring/alerts/{component}.yaml",
        ),
        components=("inputs", "predictions", "labels", "latency", "answers"),
        imports=(
            "from evidently import Report",
            "import prometheus_client",
            "import whylogs",
            "from alibi_detect import cd",
        ),
        bodies=(
            "def {name}(reference, current):\n    report = Report(columns=['{column}'])\n"
            "    report.run(reference, current)\n    return report.share_drifted > 0.{n}\n",
            "def {name}(registry):\n    gauge = prometheus_client.Gauge('{name}', '{column}', registry=registry)\n"
            "    gauge.set({n})\n    return gauge\n",
        ),
        subjects=("Alert on drift of {component}", "Report {component} by segment", "Quieten the {component} alert"),
    ),
    "experiment-tracking": Area(
        paths=(
            "experiments/{component}/run.py",
            "experiments/{component}/compare.py",
            "experiments/{component}/conf.yaml",
        ),
        components=("baselines", "ablations", "sweeps", "registry"),
        imports=("import mlflow", "import wandb", "import optuna", "from mlflow import MlflowClient"),
        bodies=(
            "def {name}(params):\n    with mlflow.start_run():\n        mlflow.log_params(params)\n"
            "        mlflow.log_metric('{column}', {n})\n",
            "def {name}(client):\n    runs = client.search_runs(order_by=['metrics.{column}'], max_results={n})\n"
            "    return [run.info.run_id for run in runs]\n",
        ),
        subjects=(
            "Track parameters of {component}",
            "Compare {component} side by side",
            "Register the best of {component}",
        ),
    ),
    "data-pipelines": Area(
        paths=(
            "data/{component}/extract.py",
            "data/{component}/load.py",
            "data/sql/{component}.sql",
            "etl/{component}.py",
        ),
        components=("orders", "events", "catalogue", "transcripts", "stock"),
        imports=("import pandas as pd", "from pyspark.sql import SparkSession", "import pyarrow as pa", "import dlt"),
        bodies=(
            "def {name}(source):\n    frame = pd.read_parquet(source)\n"
            "    frame = frame.dropna(subset=['{column}'])\n    return frame.head({n})\n",
            "def {name}(spark, day):\n    table = spark.table('{column}').where(f'day = {{day}}')\n"
            "    assert table.count() > {n}, 'too few rows'\n    return table\n",
        ),
        subjects=("Load {component} incrementally", "Check the schema of {component}", "Deduplicate {component}"),
    ),
    "feature-engineering": Area(
        paths=("features/{component}/build.py", "features/{component}/windows.py", "features/{component}/views.py"),
        components=("customer", "product", "calendar", "text", "session"),
        imports=("import pandas as pd", "from feast import FeatureView", "import numpy as np", "import polars as pl"),
        bodies=(
            "def {name}(frame):\n    rolled = frame.groupby('{column}')['value'].rolling({n}).mean()\n"
            "    return rolled.reset_index(level=0, drop=True)\n",
            "def {name}(frame):\n    return np.log1p(frame['{column}']).clip(upper={n})\n",
        ),
        subjects=(
            "Add a window to {component} features",
            "Make {component} features point-in-time",
            "Drop a leaking {component} feature",
        ),
    ),
    "containers": Area(
        paths=("docker/{component}/Dockerfile", "k8s/{component}/deployment.yaml", "helm/{component}/values.yaml"),
        components=("trainer", "api", "worker", "scheduler", "notebook"),
        subjects=(
            "Shrink the {component} image",
            "Give {component} a memory limit",
            "Probe {component} before traffic",
        ),
    ),
    "ci-cd": Area(
        paths=(".github/workflows/{component}.yml", "ci/{component}.sh", "ci/{component}/Makefile"),
        components=("test", "release", "deploy", "nightly", "images"),
        subjects=("Cache dependencies in {component}", "Run {component} on tags", "Roll back a failed {component}"),
    ),
    "llm-apps": Area(
        paths=("prompts/{component}/system.md", "rag/{component}.py", "agents/{component}.py", "evals/{component}.py"),
        components=("support", "search", "summary", "routing", "extraction"),
        imports=(
            "from langchain.chains import RetrievalQA",
            "import openai",
            "import faiss",
            "from llama_index import core",
        ),
        bodies=(
            "def {name}(question, index, k={n}):\n    passages = index.search(question, k)\n"
            "    return chain.invoke({{'question': question, 'passages': passages}})\n",
            "def {name}(cases):\n    passed = [case for case in cases if case.answer_cites('{column}')]\n"
            "    return len(passed) >= {n}\n",
        ),
        subjects=(
            "Ground {component} answers",
            "Evaluate {component} on a golden set",
            "Refuse unanswerable {component} questions",
        ),
    ),
    "code-quality": Area(
        paths=("tests/{component}/test_contract.py", "tests/{component}/test_edges.py", "quality/{component}.py"),
        components=("schemas", "parsers", "clients", "numerics"),
        imports=("import pytest", "from hypothesis import given"),
        bodies=(
            "def test_{name}():\n    rows = build('{column}', {n})\n    assert len(rows) == {n}\n",
            "@pytest.mark.parametrize('size', [1, {n}])\ndef test_{name}(size):\n    assert check('{column}', size)\n",
        ),
        subjects=("Cover {component} with tests", "Type the {component} interface", "Untangle {component}"),
    ),
    "technical-docs": Area(
        paths=("docs/{component}.md", "docs/adr/{component}.md", "docs/runbooks/{component}.md"),
        components=("architecture", "onboarding", "incidents", "data_contracts", "model_cards"),
        subjects=("Document {component}", "Explain the choice behind {component}", "Bring {component} up to date"),
    ),
}
"""Areas by skill. Code review and collaboration have none: they show in what people do to each other's work."""
