// ui/diagram/tokenizer_reader.h -- reads the tokenizer that a design's run names, away from the GUI thread, so that its
// embedding can be counted.
#pragma once

#include <QObject>
#include <string>

#include "ui/diagram/sharing_document.h"
#include "ui/models/background_task.h"

namespace weft::ui {

class TokenizerReader : public QObject {
  Q_OBJECT
 public:
  // Follows the document: another tokenizer is read, and its vocabulary set there.
  explicit TokenizerReader(SharingDocument* document);

 private:
  void follow();
  SharingDocument* m_document;
  BackgroundTask m_task;
  std::string m_read = "byte";  // whose vocabulary the document has or will get
};

}  // namespace weft::ui
