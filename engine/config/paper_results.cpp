#include "engine/config/paper_results.h"

namespace weft::config {

const std::vector<PaperResult>& paperResults() {
  static const std::optional<double> none;
  static const std::vector<PaperResult> all{
      {1, "paper-1b-h128-mha", 163840, 13.15, none, 1007.9},
      {1, "paper-1b-h128-gqa4", 40960, 13.36, none, 882.1},
      {1, "paper-1b-h128-gqa2", 20480, 13.52, none, 861.1},
      {1, "paper-1b-h128-mqa", 10240, 13.54, none, 850.7},
      {1, "paper-1b-h64-mqa", 5120, 13.81, none, none},
      {1, "paper-1b-h46-mqa", 3680, 13.96, none, none},
      {1, "paper-1b-h32-mqa", 2560, 14.37, none, none},
      {1, "paper-1b-h512-mqa-cla2", 20480, 13.49, none, none},
      {1, "paper-1b-h256-mqa-cla2", 10240, 13.51, none, none},
      {1, "paper-1b-h128-mqa-cla2", 5120, 13.60, none, 845.4},
      {1, "paper-1b-h90-mqa-cla2", 3600, 13.73, none, none},
      {1, "paper-1b-h64-mqa-cla2", 2560, 13.89, none, none},
      {1, "paper-1b-h256-gqa4-cla2", 40960, 13.38, none, none},
      {1, "paper-1b-h128-gqa4-cla2", 20480, 13.48, none, none},
      {1, "paper-1b-h128-gqa2-cla2", 10240, 13.59, none, none},
      {1, "paper-1b-h128-mqa-cla3", 3584, 13.77, none, 843.8},
      {1, "paper-1b-h128-mqa-cla4", 2560, 13.95, none, 842.8},
      {1, "paper-1b-h128-mqa-cla2-keep-ends", 5632, 13.62, none, none},
      {1, "paper-1b-h128-mqa-cla2-dense-front", 5632, 13.75, none, none},
      {1, "paper-1b-h128-mqa-cla2-dense-back", 5632, 14.03, none, none},
      {3, "paper-1b-tuned-h128-mqa", 10240, 12.39, 19.30, 850.7},
      {3, "paper-1b-tuned-h128-mqa-cla2", 5120, 12.43, 19.29, 845.4},
      {3, "paper-1b-tuned-h64-mqa", 5120, 12.74, 20.00, none},
      {5, "paper-3b-h128-mqa", 16384, 9.52, 13.63, 3045.1},
      {5, "paper-3b-h128-mqa-cla2", 8192, 9.34, 13.25, 3032.5},
      {5, "paper-3b-h64-mqa", 8192, 9.48, 13.49, 3032.5},
      {7, "paper-3b-second-h64-mqa", 8192, none, 12.94, 3032.5},
      {7, "paper-3b-second-h64-mqa-cla2", 4096, none, 12.99, 3026.2},
      {7, "paper-3b-second-h32-mqa", 4096, none, 13.34, 3026.2},
  };
  return all;
}

}  // namespace weft::config
