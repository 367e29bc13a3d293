// The document as a run: what the cost model is asked, the tokenizer's vocabulary, and whole configurations in and out.
#include "engine/data/byte_tokenizer.h"
#include "ui/diagram/sharing_document.h"

namespace weft::ui {

sharing::ModelShape SharingDocument::shape() const {
  sharing::ModelShape shape = config::shapeOf(m_design.model);
  shape.layers = m_map.layerCount();
  if (shape.vocabulary == 0 && m_run.data.tokenizer == "byte") {
    shape.vocabulary = data::ByteTokenizer().vocabularySize();
  } else if (shape.vocabulary == 0 && m_vocabulary && *m_vocabulary) {
    shape.vocabulary = **m_vocabulary;
  }
  return shape;
}

void SharingDocument::setRequest(const sharing::CostRequest& request) {
  m_request = request;
  updateCosts();
  Q_EMIT changed();
}

void SharingDocument::setRun(const config::RunConfig& run) {
  m_run = run;
  updateCosts();
  Q_EMIT changed();
}

void SharingDocument::setTokenizerVocabulary(std::optional<Result<std::int64_t>> vocabulary) {
  m_vocabulary = std::move(vocabulary);
  updateCosts();
  Q_EMIT changed();
}

config::RunConfig SharingDocument::runConfig() const {
  config::RunConfig config = m_run;
  config.name = name().toStdString();
  config.model = m_design.model;
  return config;
}

void SharingDocument::load(const config::RunConfig& config, const QString& what) {
  m_run = config;
  Design next{.name = QString::fromStdString(config.name), .model = config.model};
  if (const auto map = config::sharingMap(config.model)) next.model.sharing = sharing::toText(*map);
  const bool isSame = next == m_design;
  push(what, std::move(next));
  if (isSame) Q_EMIT changed();
}

void SharingDocument::restore(const config::RunConfig& config, const Design& design) {
  m_undo.clear();
  m_run = config;
  // The configuration's own map is valid: shown below a text that may not be.
  Design valid = design;
  valid.model.sharing = config.model.sharing;
  valid.model.layers = config.model.layers;
  m_design = std::move(valid);
  parse();
  apply(design);
}

}  // namespace weft::ui
