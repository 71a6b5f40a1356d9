"""Runs contenders as processes with separate databases. Measures time, memory and the number of embedded texts."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
NAMES = {
    "llamaindex": "LlamaIndex",
    "llamaindex_processes": "LlamaIndex, two processes",
    "langchain": "LangChain",
    "haystack": "Haystack",
    "cocoindex": "CocoIndex",
}


@dataclass
class Result:
    seconds: float  # From documents to vectors.
    megabytes: float
    texts: int
    chunks: int  # In the database afterwards.
    run_seconds: float | None = None  # trailblazer: without registration.
    index_seconds: float = 0.0  # trailblazer: the vector index, in neither of the two.
    requests: int = 0
    distinct: int = 0


class Bench:
    """The server, the embedder, and the corpus of one comparison."""

    def __init__(self, socket, work, corpus, embedder):
        self.socket, self.work, self.corpus, self.embedder = socket, work, corpus, embedder

    @property
    def counted(self):
        return self.embedder.startswith("http:")

    def url(self, database):
        return f"postgresql://bench@/{database}?host={self.socket}"

    def execute(self, database, *statements):
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

    def folder_of(self, contender, variant):
        """Returns the contender's own folder of files after the files of this variant have been written to it."""
        folder = self.work / f"files-{type(contender).__name__}"
        shutil.copytree(self.corpus / variant, folder, dirs_exist_ok=True)
        return str(folder)

    def served(self, path):
        """Returns the counts of the embedding server."""
        with urllib.request.urlopen(self.embedder.removesuffix("/v1") + path) as answer:
            return json.load(answer)


def wait(process):
    """Waits for the process. Returns the duration in seconds, the peak memory in megabytes, and standard output."""
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - process.begun, usage.ru_maxrss / 1024, output


def start(command, environment, work):
    with open(work / "stderr", "w") as errors:
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=work
        )
    process.begun = time.monotonic()
    return process


class Contender:
    def __init__(self, bench):
        self.bench = bench

    def prepare(self, database):
        """Creates a database that contains only the extension."""
        self.database = database
        self.bench.execute("postgres", f"drop database if exists {database} with (force)", f"create database {database}")
        self.bench.execute(database, "create extension vector")

    def ingest(self, variant):
        """Updates the database to this variant of the corpus."""
        self.bench.execute(self.database, "checkpoint")
        self.forget()
        result = self.work(variant)
        result.texts = self.texts()
        if self.bench.counted:
            counts = self.bench.served("/count")
            result.requests, result.distinct = counts["requests"], counts["distinct"]
        return result

    def kill_at(self, variant, texts):
        """Kills the ingest after this number of embedded texts, and then ingests the rest. Returns the total number of texts."""
        self.forget()
        process = self.begin(variant)
        while process.poll() is None and self.bench.served("/peek")["texts"] < texts:
            time.sleep(0.005)
        if process.poll() is not None:
            raise SystemExit(f"{self.name} was done before it could be killed")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        result = self.work(variant)
        result.texts = self.bench.served("/count")["texts"]
        return result

    def run(self, process):
        seconds, megabytes, output = wait(process)
        if process.returncode != 0:
            errors = (self.bench.work / "stderr").read_text()
            raise SystemExit(f"{self.name}: {output[-2000:]}\n{errors[-4000:]}")
        return seconds, megabytes, output

    def forget(self):
        if self.bench.counted:
            self.bench.served("/count")


class Framework(Contender):
    def __init__(self, bench, module):
        super().__init__(bench)
        self.module, self.name = module, NAMES[module]
        self.counter = bench.work / "counter"
        self.memory = bench.work / "cocoindex"

    def prepare(self, database):
        super().prepare(database)
        shutil.rmtree(self.memory, ignore_errors=True)

    def forget(self):
        super().forget()
        self.counter.unlink(missing_ok=True)

    def source(self, variant):
        return str(self.bench.corpus / f"{variant}.ndjson")

    def begin(self, variant):
        environment = {"EMBEDDER": self.bench.embedder, "COUNTER": str(self.counter), "COCOINDEX_DB": str(self.memory)}
        command = [sys.executable, str(HERE / "contender.py"), self.module, self.source(variant), self.bench.url(self.database)]
        return start(command, environment, self.bench.work)

    def work(self, variant):
        _, megabytes, output = self.run(self.begin(variant))
        said = json.loads(output.splitlines()[-1])
        return Result(said["seconds"], megabytes, 0, said["chunks"])

    def texts(self):
        return sum(map(int, self.counter.read_text().split())) if self.counter.exists() else 0


class Trailblazer(Contender):
    name = "trailblazer"

    def __init__(self, bench, binary):
        super().__init__(bench)
        self.binary = binary
        kind = bench.embedder
        self.provider = {"instant": ["hash", "hash-384"]}.get(kind, ["openai", "instant"] if bench.counted else ["local", kind])

    def environment(self):
        provider, model = self.provider
        return {
            "TRAILBLAZER_DB_URL": self.bench.url(self.database),
            "TRAILBLAZER_WORKSPACE_DIR": str(self.bench.work),
            "TRAILBLAZER_CHUNK_MAX_TOKENS": "256",
            "TRAILBLAZER_EMBED_PROVIDER": provider,
            "TRAILBLAZER_EMBED_MODEL": model,
            "TRAILBLAZER_EMBED_BASE_URL": self.bench.embedder if self.bench.counted else "",
            "TRAILBLAZER_EMBED_DIMENSIONS": "384" if self.bench.counted else "",
            # The shortest lease, so that the runs of a killed process are soon free again.
            "TRAILBLAZER_BACKLOG_CLAIM_TTL_MINUTES": "1",
        }

    def command(self, *arguments):
        return start([self.binary, *arguments, "--events", "always", "--quiet"], self.environment(), self.bench.work)

    def prepare(self, database):
        super().prepare(database)
        self.run(self.command("db", "migrate"))

    def register(self, variant):
        return self.run(self.command("runs", "backfill", str(self.bench.corpus / variant)))

    def begin(self, variant):
        self.register(variant)
        return self.command("run")

    def work(self, variant):
        registering, megabytes, _ = self.register(variant)
        running, more, output = self.run(self.command("run"))
        # The runs of a killed process are free again when its leases have expired.
        while self.bench.execute(self.database, "select count(*) from graphdb.processed_runs where status <> 'embedded'"):
            time.sleep(1)
            seconds, _, further = self.run(self.command("run"))
            running, output = running + seconds, output + further
        events = [json.loads(line) for line in output.splitlines()]
        indexing = sum(event["seconds"] for event in events if event["event"] == "index.complete")
        self.embedded = sum(event["embedded"] for event in events if event["event"] == "embed.complete")
        self.drop_indexes()
        chunks = self.bench.execute(self.database, "select count(*) from graphdb.chunks")
        seconds = running - indexing
        return Result(registering + seconds, max(megabytes, more), 0, chunks, seconds, indexing)

    def drop_indexes(self):
        """Drops our vector index, because the others have none. Otherwise, the next run would have to update it."""
        self.bench.execute(self.database, """do $$ declare v_index regclass; begin
            for v_index in select i.indexrelid::regclass from pg_index as i
                join pg_class as c on c.oid = i.indexrelid join pg_am as a on a.oid = c.relam where a.amname = 'hnsw'
            loop execute 'drop index ' || v_index; end loop; end $$""")

    def texts(self):
        return self.bench.served("/peek")["texts"] if self.bench.counted else self.embedded


class FilesInCocoIndex(Framework):
    """Reads a folder of files, in which a variant replaces the files that differ."""

    def __init__(self, bench):
        super().__init__(bench, "cocoindex")

    def source(self, variant):
        return self.bench.folder_of(self, variant)


class FilesInTrailblazer(Trailblazer):
    """Normalizes a folder of files before each run. The time to register is the time to normalize."""

    def register(self, variant):
        folder = self.bench.folder_of(self, variant)
        return self.run(self.command("normalize", folder, "--source", "dita"))
