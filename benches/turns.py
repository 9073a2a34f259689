#!/usr/bin/env python3
"""Times workers in turns, in one run, and prints each one's time over that of the first.

    V/bin/python benches/turns.py peers/compare.py ROUNDS MODEL,MODEL WORKER...

`compare.py` compares one program with other engines. This script takes its measure and its engines, and as many
programs as you name. A WORKER is an engine, such as `litert-f32`, or NAME=COMMAND. `{model}` in COMMAND is the name
of the model. A worker's time is the lower quartile over the rounds of the 5th percentile of a round or, if that is
less, of its processor time for a call. All run on one thread.
"""

import importlib.util
import os
import sys

SECONDS = 0.25


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    compare, rounds, models, *workers = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("compare", compare)
    peers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peers)

    def row(worker, model):
        name, _, command = worker.partition("=")
        if command:
            return peers.Row(name, command.format(model=model).split())
        worker = [sys.executable, compare, "--worker", name, model, "1"]
        return peers.Row(name, worker)

    os.environ.update(MATMUL_NUM_THREADS="1", RAYON_NUM_THREADS="1")
    for model in models.split(","):
        rows = [row(worker, model) for worker in workers]
        for at in range(int(rounds)):
            first = at % len(rows)
            for each in rows[first:] + rows[:first]:
                each.run(SECONDS)
        failed = [f"{each.name}: {each.error}" for each in rows if each.error]
        if failed:
            sys.exit("\n".join(failed))
        reference = rows[0].estimate(1)
        print(f"\n{model}\n{'worker':24}{'µs':>9}{'over the first':>16}")
        for each in rows:
            time = each.estimate(1)
            print(f"{each.name:24}{time:9.1f}{time / reference:16.3f}")
            each.process.kill()


if __name__ == "__main__":
    main()
