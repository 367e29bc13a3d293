// ui/diagram/design_draft.h -- the unfinished design, kept through a crash: written atomically by a thread of its own, read back at the next start.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <QTimer>
#include <functional>
#include <optional>

#include "ui/diagram/sharing_document.h"

namespace weft::ui {

struct DraftContent {
  config::RunConfig config;  // valid: with the last valid map
  Design design;             // as the user left it, a wrong text included
  sharing::CostRequest request;
  int memoryChoice = 0;
};
QByteArray toDraft(const DraftContent& content);
// Corrupt, NewerVersion: one sentence; a draft is never half taken.
[[nodiscard]] Result<DraftContent> parseDraft(const QByteArray& bytes);

class DesignDraft : public QObject {
  Q_OBJECT
 public:
  // The file's folder is made when the first draft is written.
  explicit DesignDraft(QString file, QObject* parent = nullptr);
  ~DesignDraft() override;  // writes what was kept last, waits for it

  static QString usualFile();  // in the user's application data folder

  // Answered by restored() or, if there is none, by nothing; a file that is no draft by failed().
  void load();
  // Written half a second after the last call.
  void keep(const DraftContent& content);
  void flush();
  // Any other file of the page, on the same thread; `done` is called on the GUI thread if it was written, else failed().
  void writeFile(const QString& file, QByteArray bytes, std::function<void()> done);

 Q_SIGNALS:
  void restored(const weft::ui::DraftContent& content);
  void failed(const QString& sentence);

 private:
  QString m_file;
  QThreadPool m_pool;  // one thread: writes stay in order
  QTimer m_timer;
  std::optional<DraftContent> m_pending;
};

}  // namespace weft::ui
