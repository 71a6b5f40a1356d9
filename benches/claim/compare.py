"""Measures claim + complete of every contender and prints Markdown: compare.py WORK GENERATED, called by run.sh, which also
lists the settings. A contender is its scripts: NAME.fill.sql makes a fresh queue, NAME.cycle.sql claims one item and completes
it in two transactions, NAME.batch.sql (or NAME.batchN.sql) claims and completes N; they are here or, made from JavaScript, in
GENERATED. Rounds alternate between the contenders; a figure is the median of its rounds.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
WORK, GENERATED = Path(sys.argv[1]), Path(sys.argv[2])
CONTENDERS = {  # name of the scripts: (title, schema)
    "graphdb": ("graphdb", "graphdb"),
    "pgmq_archive": ("pgmq read+archive", "pgmq"),
    "pgmq_delete": ("pgmq read+delete", "pgmq"),
    "absurd": ("absurd", "absurd"),
    "procrastinate": ("procrastinate", "public"),
    "graphile": ("graphile-worker", "graphile_worker"),
    "pgboss": ("pg-boss", "pgboss"),
    "pgtask": ("pgtask", "pgtask"),
}
KEEP_NOTHING = {"pgmq_delete", "graphile"}


def setting(name, full, quick):
    return os.environ.get(name) or (quick if os.environ.get("QUICK") else full)


PARTS = setting("PARTS", "rate short batch cost flat held", "rate short batch cost flat held").split()
ONLY = setting("ONLY", " ".join(CONTENDERS), " ".join(CONTENDERS)).split()
CLIENTS = [int(n) for n in setting("CLIENTS", "1 4 8 16", "1 8").split()]
ROUNDS = int(setting("ROUNDS", "3", "1"))
SECONDS = int(setting("SECONDS_PER_ROUND", "3", "1"))
BATCHES = [int(n) for n in setting("BATCHES", "10 100", "10 100").split()]
FINISHED = [int(n) for n in setting("FINISHED", "0 100000 1000000", "0 20000").split()]
HELD = int(setting("HELD", "40", "3"))
BACKLOG = int(setting("BACKLOG", "0", "0")) or SECONDS * 8000  # items waiting when a round begins; it must not run dry


def sql(*args, **variables):
    sets = [f"--set={name}={value}" for name, value in variables.items()]
    run = subprocess.run(["psql", "-qAtX", "-vON_ERROR_STOP=1", *sets, *args], capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    return run.stdout.strip()


def fill(name, runs, finished=0):
    sql("-f", HERE / f"{name.split('_')[0]}.fill.sql", runs=runs, finished=finished)


def script(name, kind, batch=1):
    candidates = [folder / f"{name}.{kind}{suffix}.sql" for folder in (HERE, GENERATED) for suffix in ("", batch)]
    return next((path for path in candidates if path.exists()), None)


def pgbench(path, clients, *limit, batch=1):
    """Returns the cycles of one call of pgbench as tuples (end in seconds, latency in milliseconds)."""
    for log in WORK.glob("cycles.*"):
        log.unlink()
    variables = ["-Dworker=host/4242/1", "-Dtasks={1}", f"-Dbatch={batch}"]
    command = ["pgbench", "-n", "-Mprepared", f"-c{clients}", f"-j{min(clients, 2)}", *variables, "-l", "--log-prefix=cycles"]
    run = subprocess.run([*command, *limit, "-f", path], capture_output=True, text=True, cwd=WORK)
    if run.returncode:
        sys.exit(f"{path.name} failed: {run.stderr[-600:]}")
    rows = [line.split() for log in WORK.glob("cycles.*") for line in log.read_text().splitlines()]
    return [(int(row[4]) + int(row[5]) / 1e6, int(row[2]) / 1000) for row in rows]


def rate_of(cycles):
    ends, latencies = zip(*cycles)
    start = min(end - latency / 1000 for end, latency in cycles)
    return len(cycles) / (max(ends) - start)


def timed(name, clients, seconds=None, batch=1, kind="cycle"):
    return pgbench(script(name, kind, batch), clients, f"-T{seconds or SECONDS}", batch=batch)


def p99(cycles):
    return sorted(latency for _, latency in cycles)[len(cycles) * 99 // 100]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(heading, header, rows):
    print(f"\n### {heading}\n\n| {' | '.join(header)} |\n|---|{'--:|' * (len(header) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()


def title(name):
    return CONTENDERS[name][0]


def rate():
    """Measures cycles per second and the 99th percentile, one item at a time. Each round has a new queue."""
    rates, slowest = {}, {}
    for clients in CLIENTS:
        for _ in range(ROUNDS):
            for name in ONLY:
                fill(name, BACKLOG)
                cycles = timed(name, clients)
                rates.setdefault((name, clients), []).append(rate_of(cycles))
                slowest.setdefault((name, clients), []).append(p99(cycles))
    header = ["cycles a second", *(f"{n} client{'s' * (n > 1)}" for n in CLIENTS)]
    table("One at a time", header, ([title(n), *(number(median(rates[n, c])) for c in CLIENTS)] for n in ONLY))
    header[0] = "p99 of a cycle, ms"
    table("One at a time, latency", header, ([title(n), *(number(median(slowest[n, c])) for c in CLIENTS)] for n in ONLY))


def short():
    """Measures cycles per second with 8 clients on a short queue, because some claims read all waiting items."""
    rates = {}
    for _ in range(ROUNDS):
        for name in ONLY:
            fill(name, 3000)
            rates.setdefault(name, []).append(rate_of(pgbench(script(name, "cycle"), 8, "-t250")))
    header = ["cycles a second", "3,000 waiting at first"]
    table("A short queue, 8 clients", header, ([title(n), number(median(rates[n]))] for n in ONLY))


def batch():
    """Measures items per second with 8 clients that claim and complete batches, and the 99th percentile of these cycles."""
    rates, slowest = {}, {}
    for size in BATCHES:
        for _ in range(ROUNDS):
            for name in (n for n in ONLY if script(n, "batch", size)):
                fill(name, BACKLOG * (4 if size < 50 else 12))
                cycles = timed(name, 8, max(1, SECONDS - 1), size, "batch")
                rates.setdefault((name, size), []).append(size * rate_of(cycles))
                slowest.setdefault((name, size), []).append(p99(cycles))
    sizes = [f"batch of {s}" for s in BATCHES]
    for heading, unit, figures in ("Batches, 8 clients", "items a second", rates), ("Batches, latency", "p99 of a cycle, ms", slowest):
        rows = ([title(n), *(number(median(figures[n, s])) if (n, s) in figures else "one at a time" for s in BATCHES)] for n in ONLY)
        table(heading, [unit, *sizes], rows)


@contextmanager
def configured(*settings):
    for each in settings:
        sql("-c", f"alter system set {each}")
    sql("-c", "select pg_reload_conf()")
    time.sleep(1)
    yield
    sql("-c", "alter system reset all")
    sql("-c", "select pg_reload_conf()")


def processor_time():
    """Returns the CPU seconds of the server's ended sessions. Works only on Linux."""
    stat = Path("/proc") / (WORK / "data/postmaster.pid").read_text().split()[0] / "stat"
    fields = stat.read_text().rpartition(")")[2].split() if stat.exists() else ["nan"] * 15
    return (float(fields[13]) + float(fields[14])) / os.sysconf("SC_CLK_TCK")


def cost():
    """Measures the writes and the CPU time of a cycle, and of an item in batches."""
    header = ["WAL bytes", "WAL records", "rows inserted", "rows left dead", "of them HOT", "CPU, µs"]
    with configured("autovacuum = off", "full_page_writes = off", "synchronous_commit = off"):
        rows = [[title(n), *map(number, cost_of(n, "cycle", 500))] for n in ONLY]
        table("What a cycle writes", ["a cycle", *header], rows)
        for size in BATCHES:
            rows = [[title(n), *map(number, cost_of(n, "batch", 1000 // size, size))] for n in ONLY if script(n, "batch", size)]
            table(f"What an item writes in batches of {size}", ["an item", *header], rows)


def cost_of(name, kind, cycles, size=1):
    """Measures WAL, rows and CPU time per item with 4 clients, without full-page images, which depend on the checkpoints."""
    count = "coalesce(sum(n_tup_ins), 0), coalesce(sum(n_tup_upd + n_tup_del), 0), coalesce(sum(n_tup_hot_upd), 0)"
    look = f"""select pg_stat_force_next_flush(); select pg_current_wal_lsn() - '0/0', wal_records, {count}
               from pg_stat_wal, pg_stat_user_tables where schemaname = '{CONTENDERS[name][1]}' group by wal_records"""
    path = script(name, kind, size)
    fill(name, 1000 + 6 * cycles * size)
    pgbench(path, 4, f"-t{max(2, cycles // 5)}", batch=size)
    time.sleep(1)  # sessions that end bring their counts in late
    before, started = sql("-c", look), processor_time()
    items = size * len(pgbench(path, 4, f"-t{cycles}", batch=size))
    time.sleep(1)
    computed = processor_time() - started
    changes = zip(*([float(v) for v in text.splitlines()[-1].split("|")] for text in (before, sql("-c", look))))
    return *((after - b) / items for b, after in changes), computed / items * 1e6


def flat():
    """Measures cycles per second with 8 clients and many finished items. Each size has one queue, and the rounds take turns."""
    rates = {}
    for finished in FINISHED:
        names = [n for n in ONLY if not (finished and n in KEEP_NOTHING)]
        pools = {}
        for name in names:
            pools.setdefault(name.split("_")[0], []).append(name)
        for names in pools.values():
            fill(names[0], BACKLOG * ROUNDS * len(names), finished)
        for _ in range(ROUNDS):
            for name in (n for names in pools.values() for n in names):
                rates.setdefault((name, finished), []).append(rate_of(timed(name, 8)))
    rows = ([title(n), *(number(median(rates[n, f])) if (n, f) in rates else "keeps none" for f in FINISHED)] for n in ONLY)
    table("With finished items in the table, 8 clients", ["cycles a second", *(f"{f:,} finished" for f in FINISHED)], rows)


def held():
    """Measures cycles per second with 8 clients before a snapshot is held open and at the end of that time."""
    rows, last = [], min(30, HELD / 3)
    for name in ONLY:
        fill(name, BACKLOG)
        expected = rate_of(timed(name, 8))
        fill(name, BACKLOG + int(expected * (HELD + SECONDS) * 2))
        before = rate_of(timed(name, 8))
        with subprocess.Popen(["psql", "-qAtX"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write("begin isolation level repeatable read;\nselect 1;\n")
            holder.stdin.flush()
            holder.stdout.readline()
            cycles = timed(name, 8, HELD)
            holder.stdin.close()
        end = max(end for end, _ in cycles)
        after = sum(end - e < last for e, _ in cycles) / last
        rows.append([title(name), number(before), number(after), f"{after / before:.2f}"])
    header = ["cycles a second", "before", f"last {last:.0f} s", "ratio"]
    table(f"A transaction held open for {HELD} s, 8 clients", header, rows)


version = sql("-c", "show server_version")
rounds = f"median of {ROUNDS} rounds" if ROUNDS > 1 else "one round"
print(f"PostgreSQL {version}, {os.cpu_count()} cores, {rounds} of {SECONDS} s; {BACKLOG:,} items wait when a round begins.")
for part in PARTS:
    {"rate": rate, "short": short, "batch": batch, "cost": cost, "flat": flat, "held": held}[part]()
