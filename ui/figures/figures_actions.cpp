// What the Figures page does on request: exports, LaTeX, the choice of runs.
#include <QClipboard>
#include <QGuiApplication>
#include <QPushButton>
#include <memory>

#include "ui/figures/figure_panel.h"
#include "ui/figures/figures_page.h"
#include "ui/paper/figure_export.h"
#include "ui/parts/run_picker.h"

namespace weft::ui {

QString FiguresPage::exportPath(int index, const QString& format) const {
  if (!m_session) return {};
  const QString name = m_library->figure(index).fileName();
  // Two figures of one title must not write one file.
  int number = 1;
  for (int other = 0; other < index; ++other)
    if (m_library->figure(other).fileName() == name) ++number;
  return QStringLiteral("%1/%2%3.%4")
      .arg(QString::fromStdString(m_session->project().figures().string()), name,
           number > 1 ? QStringLiteral("-%1").arg(number) : QString(), format);
}

void FiguresPage::exportTo(const QString& path) {
  const int index = current();
  if (index < 0) return;
  writeFigureInBackground(path, m_library->figure(index).options, m_library->runs(index), this,
                          [this, path](const Result<FigureFile>& file) {
                            if (file) m_panel->setChecks(file->checks, file->problems);
                            Q_EMIT messageRaised(exportSentence(path, file), !file);
                          });
}

void FiguresPage::askExport() {
  if (current() < 0) return;
  const QString suggestion = exportPath(current(), m_panel->format());
  askFigureFile(this, suggestion.chopped(m_panel->format().size() + 1), m_panel->format(),
                [this](const QString& path) { exportTo(path); });
}

void FiguresPage::exportAll() {
  struct Tally {
    int left = 0, written = 0;
    QStringList failures;
  };
  auto tally = std::make_shared<Tally>();
  tally->left = m_library->count();
  const QString format = m_panel->format();
  for (int index = 0; index < m_library->count(); ++index)
    writeFigureInBackground(
        exportPath(index, format), m_library->figure(index).options, m_library->runs(index), this,
        [this, tally, title = m_library->figure(index).title, format](const Result<FigureFile>& file) {
          if (file)
            ++tally->written;
          else
            tally->failures << QStringLiteral("%1: %2").arg(title, QString::fromStdString(file.error().message));
          if (--tally->left > 0) return;
          const QString done =
              QStringLiteral("Exported %1 figures as %2 to figures/.").arg(tally->written).arg(format.toUpper());
          Q_EMIT messageRaised(tally->failures.isEmpty() ? done : done + u' ' + tally->failures.join(u' '),
                               !tally->failures.isEmpty());
        });
}

void FiguresPage::copyLatex() {
  if (current() < 0) return;
  QGuiApplication::clipboard()->setText(latexOf(m_library->figure(current()), m_library->runs(current()), m_groups));
  Q_EMIT messageRaised(QStringLiteral("Copied a LaTeX figure that includes figures/%1.pdf.")
                           .arg(m_library->figure(current()).fileName()),
                       false);
}

void FiguresPage::pickRuns() {
  if (current() < 0 || !m_session) return;
  std::vector<store::RunId> ticked = m_library->figure(current()).listed;
  if (ticked.empty())
    for (const FigureRun& run : m_library->runs(current())) ticked.push_back(run.summary.id);
  m_picker->popUp(m_panel->chooseButton(), m_session->snapshot()->runs, ticked);
}

}  // namespace weft::ui
