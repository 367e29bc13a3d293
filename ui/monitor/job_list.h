// ui/monitor/job_list.h -- the jobs at the left: running, waiting, recent. A click makes a job the current one; if it
// is not plotted it is then plotted alone. Ctrl+click (or a click on its colour, or Space) plots it too or no more; a
// double click plots it alone. Up and Down walk.
#pragma once

#include <QScrollArea>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ui/models/project_session.h"

class QVBoxLayout;

namespace weft::ui {

class JobCard;
class Surface;
class TextLabel;

class JobList : public QScrollArea {
  Q_OBJECT
 public:
  explicit JobList(QWidget* parent = nullptr);

  void setSnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  // By the page (nothing is told back): e.g. another page asks for these runs.
  void choose(const std::vector<store::RunId>& plotted, store::RunId current);
  const std::vector<store::RunId>& plotted() const { return m_plotted; }
  store::RunId current() const { return m_current; }
  // What tells a plotted run's curve from the others (styleNumbers()).
  std::optional<int> styleOf(store::RunId run) const;
  // The user has chosen what is plotted; until then the page decides.
  bool isChosen() const { return m_isChosen; }
  void setChosen(bool chosen) { m_isChosen = chosen; }

  JobCard* card(store::RunId run) const;
  std::vector<store::RunId> order() const { return m_order; }  // from top to bottom
  void tick();                                                 // ages and times left

 Q_SIGNALS:
  void choiceChanged();  // plotted() or current(), by the user
  void requested(weft::store::RequestKind kind, weft::store::RunId run);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Section {
    Surface* head;
    TextLabel* count;
    QVBoxLayout* cards;
    QWidget* body;
  };
  Section addSection(const QString& name);
  void fill(Section& section, const RunsSnapshot& snapshot, const std::vector<const store::RunSummary*>& runs,
            const QString& count);
  void clicked(store::RunId run, Qt::KeyboardModifiers modifiers);
  void walk(int by);
  void mark();

  QVBoxLayout* m_layout;
  Section m_running, m_waiting, m_recent;
  std::map<store::RunId, JobCard*> m_cards;
  std::vector<store::RunId> m_order;
  std::vector<store::RunId> m_plotted;
  std::vector<int> m_styles;  // of m_plotted
  store::RunId m_current;
  bool m_isChosen = false;
};

}  // namespace weft::ui
