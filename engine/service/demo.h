// engine/service/demo.h -- what `weft demo` and the studio's example share: the text that the demo trains on.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/store/project.h"

namespace weft::service {

struct DemoText {
  std::vector<std::string> files,
      validFiles;        // as in data.files and data.valid_files; both empty = the synthetic corpus
  std::string sentence;  // what it is, and whether it is the text that the README's numbers are of
};

// `textFile` if it is named; else the headers of LibTorch (data/header_corpus.h), written into the project's data/;
// else, where there are none, the synthetic corpus. NotFound: there is no such file. Io.
[[nodiscard]] Result<DemoText> demoText(const store::Project& project, const std::string& textFile = {});

}  // namespace weft::service
