// ui/diagram/design_draft.h -- the unfinished design, kept through a crash: written atomically by a thread of its own,
// read back at the next start. A draft belongs to its project and lies in it (drafts/design.json), so that it moves
// with it; that of a project that cannot be written lies in the user's data folder under the project's path, and that
// of no project there, too. Windows on one project each hold a lock on a file of their own (design.json, design-2.json,
// ...): none overwrites another's.
#pragma once

#include <QObject>
#include <QThreadPool>
#include <QTimer>
#include <functional>
#include <memory>
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
  explicit DesignDraft(QObject* parent = nullptr);
  ~DesignDraft() override;  // writes what was kept last, waits for it

  // Where the drafts of a project lie, "" for none: the first of these files that can be locked in the first folder
  // that can be written.
  static QStringList files(const QString& projectFolder);

  // Writes what was kept for the owner until now, then becomes that of a project's folder, or of none (""). Answered by
  // restored() or noneKept(); a file that is no draft by failed() as well, and it is left as it is.
  void open(const QString& projectFolder);
  const QString& owner() const { return m_owner; }
  // Written half a second after the last call.
  void keep(const DraftContent& content);
  void flush();
  // Any other file of the page, on the same thread; `done` is called on the GUI thread if it was written, else
  // failed().
  void writeFile(const QString& file, QByteArray bytes, std::function<void()> done);

 Q_SIGNALS:
  void restored(const weft::ui::DraftContent& content);
  void noneKept();
  void noticed(const QString& sentence);  // nothing is wrong, but worth knowing: another window is open on this project
  void failed(const QString& sentence);

 private:
  class Slot;
  void answer(std::function<void()> onGuiThread);

  QString m_owner;
  int m_generation = 0;          // of open(): answers for a former owner are dropped
  std::shared_ptr<Slot> m_slot;  // the locked file; touched on the pool's thread only
  QThreadPool m_pool;            // one thread: writes stay in order
  QTimer m_timer;
  std::optional<DraftContent> m_pending;
};

}  // namespace weft::ui
