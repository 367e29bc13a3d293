#include "ui/diagram/tokenizer_reader.h"

#include "engine/data/tokenizer.h"

namespace weft::ui {

TokenizerReader::TokenizerReader(SharingDocument* document) : QObject(document), m_document(document) {
  connect(document, &SharingDocument::changed, this, &TokenizerReader::follow);
}

void TokenizerReader::follow() {
  const std::string wanted = m_document->run().data.tokenizer;
  if (wanted == m_read || m_task.isRunning()) return;
  m_read = wanted;
  m_document->setTokenizerVocabulary(std::nullopt);
  if (wanted == "byte") return;
  m_task.start([this, wanted](const BackgroundTask::Control&) {
    const auto tokenizer = data::openTokenizer(wanted);
    Result<std::int64_t> vocabulary =
        tokenizer ? Result<std::int64_t>((*tokenizer)->vocabularySize()) : tl::unexpected(tokenizer.error());
    return BackgroundTask::Answer([this, wanted, vocabulary = std::move(vocabulary)] {
      if (m_document->run().data.tokenizer == wanted) m_document->setTokenizerVocabulary(vocabulary);
      follow();
    });
  });
}

}  // namespace weft::ui
