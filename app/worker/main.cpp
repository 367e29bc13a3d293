// weft-worker RUNFOLDER -- runs one job and ends; `weft-worker --help` says what the folder holds.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "engine/protocol/jobs.h"
#include "engine/worker/job.h"

namespace {

// A thread that is done with its part of an operation waits in a loop for the others: for about a millisecond, which is
// long after what it waits for on an idle machine, and burns the core of whom it waits for on a busy one (2 threads on
// 2 cores beside one busy process: 1,700 tokens/s of the demo's training, 9,000 with a short loop). libgomp reads its
// setting when it is loaded, before main, so the program begins again with it. Whoever starts many workers sets it for
// them.
void waitShortlyForThreads(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "1000", 1);
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) execv(program.c_str(), argv);
  // It could not begin again: it is only slower.
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::printf(
        "weft-worker RUNFOLDER: does the job that RUNFOLDER/job.json describes, an object with \"kind\" and:\n%s",
        weft::protocol::jobHelp().c_str());
    return 0;
  }
  if (argc != 2) {
    std::fputs("weft-worker: it takes one argument, the folder of a run; `weft` and the studio start it.\n", stderr);
    return 2;
  }
  waitShortlyForThreads(argv);
  // Before the first CUDA call; the user's own setting wins.
  setenv("PYTORCH_ALLOC_CONF", "expandable_segments:True", 0);
  // A training step allocates and frees the same large tensors again and again; without this every one of them is fresh
  // pages from the system.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  return weft::worker::runJob(argv[1], stderr);
}
