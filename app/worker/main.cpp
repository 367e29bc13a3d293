// weft-worker RUNFOLDER -- runs one job and ends; engine/worker/job.h says what the folder holds.
#include <cstdio>
#include <cstdlib>

#include "engine/worker/job.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("weft-worker: it takes one argument, the folder of a run; `weft` and the studio start it.\n", stderr);
    return 2;
  }
  // Before the first CUDA call; the user's own setting wins.
  setenv("PYTORCH_ALLOC_CONF", "expandable_segments:True", 0);
  return weft::worker::runJob(argv[1]);
}
