#include "ui/parts/run_actions.h"

#include <QMessageBox>
#include <QPushButton>

#include "engine/base/text.h"
#include "ui/models/run_text.h"
#include "ui/parts/weft_style.h"

namespace weft::ui {

using store::RunState;

bool canStop(const store::RunSummary& run) {
  return run.state == RunState::Starting || run.state == RunState::Running || run.state == RunState::Queued ||
         run.state == RunState::Held || run.state == RunState::Paused;
}

bool canKill(const store::RunSummary& run) { return store::isActive(run.state); }

bool canPause(const store::RunSummary& run) {
  return run.state == RunState::Starting || run.state == RunState::Running;
}

bool canResume(const store::RunSummary& run) {
  return run.state == RunState::Paused || run.state == RunState::Held || run.state == RunState::Stopped ||
         run.state == RunState::Failed || run.state == RunState::Killed || run.state == RunState::Lost;
}

void confirmKill(QWidget* parent, const std::vector<store::RunSummary>& runs, std::function<void()> kill,
                 const QString& label) {
  if (runs.empty()) return;
  const QString name = runs.size() > 1   ? QStringLiteral("%1 runs").arg(runs.size())
                       : label.isEmpty() ? QString::fromStdString(runs.front().name)
                                         : label;
  auto* box = new QMessageBox(parent);
  box->setAttribute(Qt::WA_DeleteOnClose);
  box->setIcon(QMessageBox::NoIcon);
  box->setWindowTitle(QStringLiteral("Kill %1?").arg(name));
  box->setText(QStringLiteral("Kill %1 now?").arg(name));
  QString lost = QStringLiteral(
      "The process ends at once and writes no checkpoint: what it did since its last one is lost. Stop would write one "
      "first.");
  if (runs.size() == 1 && runs.front().steps > 0)
    lost += QStringLiteral("\n\nIt is at step %1 of %2.")
                .arg(QString::fromStdString(groupDigits(runs.front().step)),
                     QString::fromStdString(groupDigits(runs.front().steps)));
  box->setInformativeText(lost);
  QPushButton* yes = box->addButton(QStringLiteral("Kill"), QMessageBox::DestructiveRole);
  makeDangerous(yes);
  QPushButton* cancel = box->addButton(QMessageBox::Cancel);
  box->setDefaultButton(cancel);
  box->setEscapeButton(cancel);
  QObject::connect(yes, &QPushButton::clicked, box, [kill = std::move(kill)] { kill(); });
  box->open();
}

}  // namespace weft::ui
