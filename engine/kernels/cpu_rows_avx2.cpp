#include "engine/kernels/cpu_rows_body.h"

WEFT_DEFINE_ROWS(cpuRowsAvx2)
