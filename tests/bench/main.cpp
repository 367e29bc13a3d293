// weft_bench [filter] [--benchmark_... options]
#include "tests/bench/run_filtered.h"

int main(int argc, char** argv) { return weft::bench::runFiltered(argc, argv); }
