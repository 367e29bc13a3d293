#!/usr/bin/env python3
"""./dev tidy: clang-tidy with the repository's .clang-tidy, errors at the end, exit code 1 if there are any.

  tidy.py ROOT BUILD JOBS [COMMIT]

Without COMMIT: every file of the engine that needs no torch, and the command line. With it: whatever changed since then,
torch, Qt and tests included; of a header the file of its name. Clang takes five seconds for one of the former, up to forty
for one that includes torch.
"""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

ALWAYS = re.compile(r"(engine/(base|sharing|config|protocol|store|data|service)|app/cli)/[^/]+[.]cpp")


def main():
    root, build, jobs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    commit = sys.argv[4] if len(sys.argv) > 4 else ""
    # One command a file: clang-tidy would read a file of the core again for its sanitized twin. Of a kernel that of the host's
    # compiler (tests/emulation): clang does not know nvcc's words.
    commands = list({entry["file"]: entry for entry in json.loads((build / "compile_commands.json").read_text())
                     if "nvcc" not in entry["command"]}.values())
    for entry in commands:
        # gcc's precompiled headers are nothing that clang could read; every file includes what it needs.
        entry["command"] = re.sub(r"-include \S*cmake_pch\.hxx", "", entry["command"])
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(commands))
    changed = set()
    if commit:
        diff = subprocess.run(["git", "-C", root, "diff", "--name-only", commit], capture_output=True, text=True)
        if diff.returncode != 0:
            sys.exit(f"weft: there is no commit {commit} here.")
        changed = {re.sub(r"[.]h$", ".cpp", name) for name in diff.stdout.split()}
    compiled = {str(pathlib.Path(entry["file"]).relative_to(root))
                for entry in commands if pathlib.Path(entry["file"]).is_relative_to(root)}
    files = sorted(f for f in compiled if (f in changed if commit else ALWAYS.fullmatch(f)))
    print(f"weft: clang-tidy reads {len(files)} files", file=sys.stderr, flush=True)

    def read(file):
        run = subprocess.run(["clang-tidy", "-p", folder, "--quiet", "--extra-arg=-Wno-unknown-warning-option", file],
                             cwd=root, capture_output=True, text=True)
        return file, run.returncode, run.stdout

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for file, code, text in pool.map(read, files):
            if code != 0:
                failed += 1
                print(text.strip() or f"{file}: clang-tidy ended with {code}", flush=True)
    if failed:
        print(f"weft: clang-tidy has something to say of {failed} of {len(files)} files; it stands above.", file=sys.stderr)
    sys.exit(1 if failed else 0)


main()
