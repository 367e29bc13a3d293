#include "engine/service/demo.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/data/header_corpus.h"

namespace weft::service {

namespace fs = std::filesystem;

Result<DemoText> demoText(const store::Project& project, const std::string& textFile) {
  if (!textFile.empty()) {
    WEFT_TRY(InputFile::open(textFile));
    return DemoText{.files = {absolutePath(textFile)}, .validFiles = {}, .sentence = "The text is " + textFile + "."};
  }
  const fs::path headers = data::usualIncludeFolder();
  const Result<data::HeaderCorpus> corpus = data::prepareHeaderCorpus(headers, project.data());
  if (!corpus && corpus.error().code != ErrorCode::NotFound) return tl::unexpected(corpus.error());
  if (!corpus) {
    return DemoText{.files = {},
                    .validFiles = {},
                    .sentence = "The text is the synthetic corpus, since " + headers.string() +
                                " holds no headers of LibTorch (WEFT_TORCH_DIR names its folder): its perplexities end "
                                "near its floor and are not the README's."};
  }
  const std::string size = fmt::format("{} files, {} bytes", groupDigits(corpus->headers), groupDigits(corpus->bytes));
  return DemoText{
      .files = {corpus->trainFile.string()},
      .validFiles = {corpus->validFile.string()},
      .sentence = data::isKnown(*corpus)
                      ? fmt::format("The text is LibTorch's own C++ headers ({}); every 20th is held out.", size)
                      : fmt::format("The text is the C++ headers of the LibTorch in {} ({}, hash {}), which are not "
                                    "those of the 2.11.0 wheel: the "
                                    "perplexities are not the README's. Every 20th is held out.",
                                    headers.parent_path().string(), size, corpus->hash.substr(0, 8))};
}

}  // namespace weft::service
