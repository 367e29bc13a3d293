#!/usr/bin/env bash
# Called by `./dev bundle`: the engine as one relocatable folder, build/bundle (and .tar.gz), for a machine that has torch 2.11.0 in its
# Python and nothing else of ours: the worker, its plugins, the command line, the torch tests, and the shared libraries that a bare machine lacks.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# Every test program with tests that need a GPU (weft_test(... GPU ...) in tests/).
tests=(weft_kernels_test weft_device_test weft_nn_test weft_plugins_test weft_train_test weft_infer_test weft_worker_test)
programs=(weft weft-worker weft_bench "${tests[@]}")
"$root/dev" build "${programs[@]}" int8_cache
from=$root/build/engine-only/bin
out=$root/build/bundle
rm -rf "$out"
mkdir -p "$out/bin/plugins" "$out/bin/test_plugins" "$out/lib"
for file in "${programs[@]}" plugins/weft_int8_cache.so $(cd "$from" && echo test_plugins/*.so); do strip -o "$out/bin/$file" "$from/$file"; done
cp -r "$root/tests/fixtures" "$out/fixtures"

# What our programs need beyond the C and C++ runtime, torch and CUDA.
ldd "$out"/bin/weft "$out"/bin/weft-worker "$out"/bin/weft_worker_test | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
  grep -vE '/(libc|libm|libdl|librt|libpthread|libstdc\+\+|libgcc_s|ld-linux[^/]*)\.so|/site-packages/|libtorch|libc10|libcud|libcublas|libnv|libnccl|libgomp' |
  while read -r library; do cp -L "$library" "$out/lib/"; done
strip --strip-unneeded "$out"/lib/*.so* 2>/dev/null || true

cat >"$out/weft-bundle" <<'LAUNCHER'
#!/usr/bin/env bash
# ./weft-bundle test [gtest arguments]   the engine's tests, the GPU's among them
# ./weft-bundle PROGRAM [ARGUMENTS]      weft, weft-worker, weft_bench, ... with the libraries of this folder and of this machine's torch
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -z "${WEFT_TORCH_DIR:-}" ]; then
  WEFT_TORCH_DIR=$(python3 -c 'import os, torch; print(os.path.dirname(torch.__file__))') || {
    echo "weft-bundle: python3 here has no torch; install torch 2.11.0, or name LibTorch's folder in WEFT_TORCH_DIR." >&2
    exit 2
  }
fi
export WEFT_TORCH_DIR
export LD_LIBRARY_PATH="$WEFT_TORCH_DIR/lib:$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export WEFT_TEST_FIXTURES=$here/fixtures
program=${1:-weft}
[ $# -gt 0 ] && shift
if [ "$program" = test ]; then
  export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # threads that wait by spinning disturb each other where cores are shared
  failed=0
  for test in "$here"/bin/weft_*_test; do "$test" --gtest_brief=1 "$@" || failed=1; done
  exit $failed
fi
exec "$here/bin/$program" "$@"
LAUNCHER
chmod +x "$out/weft-bundle"
tar -C "$root/build" -czf "$root/build/weft-bundle.tar.gz" bundle
du -sh "$out" "$root/build/weft-bundle.tar.gz" | sed "s|$root/||" >&2
echo "On the GPU machine: tar xzf weft-bundle.tar.gz && bundle/weft-bundle test" >&2
