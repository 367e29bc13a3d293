// ui/monitor/run_strip.h -- the line above the charts about the current run: state, steps, elapsed and left, device. A
// run that ended badly says here why, with the last line of its log, and offers to go on.
#pragma once

#include "ui/models/project_session.h"
#include "ui/parts/widgets.h"

class QPushButton;

namespace weft::ui {

class RunStrip : public Surface {
  Q_OBJECT
 public:
  explicit RunStrip(QWidget* parent = nullptr);
  void setRun(const store::RunSummary* run, const QString& label, const std::vector<store::Checkpoint>& checkpoints);
  // The states of all runs whose curves are on show: of several, the strip says first how many they are.
  void setPlotted(std::vector<store::RunState> states);
  void setLastLogLine(const QString& line) { setLogLine(line); }
  void tick();
  QString titleText() const;
  QString factsText() const;
  QString failureText() const;
  QPushButton* resumeButton() const { return m_resume; }

 Q_SIGNALS:
  void resumeRequested(weft::store::RunId run);

 private:
  class StateShape;
  void setLogLine(const QString& line);
  void apply();

  store::RunSummary m_run;
  QString m_label;
  bool m_hasRun = false;
  std::vector<store::Checkpoint> m_checkpoints;
  std::vector<store::RunState> m_plotted;
  StateShape* m_shape;
  TextLabel *m_name, *m_facts, *m_failure, *m_logLine;
  QPushButton* m_resume;
  QWidget* m_trouble;
};

}  // namespace weft::ui
