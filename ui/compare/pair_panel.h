// ui/compare/pair_panel.h -- the chosen pair side by side: numbers, maps with KV to scale, and what differs in their
// configurations. With one run chosen it stands against the baseline.
#pragma once

#include <QPointer>
#include <QWidget>
#include <array>
#include <map>
#include <optional>

#include "ui/compare/pair_maps.h"
#include "ui/compare/setting_model.h"
#include "ui/models/project_session.h"

class QCheckBox;
class QGridLayout;
class QStackedLayout;
class QTableView;
class QToolButton;

namespace weft::ui {

class TextLabel;

class PairPanel : public QWidget {
  Q_OBJECT
 public:
  enum class Second { Chosen, Baseline };
  explicit PairPanel(QWidget* parent = nullptr);
  QSize sizeHint() const override { return {440, 440}; }

  void setSession(ProjectSession* session);
  // Nothing, one or two. Called again at every change of the runs; settings are loaded once a run.
  void showPair(const std::optional<PairSide>& a, const std::optional<PairSide>& b, Second second);
  // Their configurations over the seeds that are there, and what that says of A against B. Empty while it is not known.
  struct Verdict {
    QString a, b;  // "6.39 ± 0.31 (3 seeds)"
    QString sentence;
  };
  void showVerdict(const Verdict& verdict);

  const SettingModel& settings() const { return *m_settings; }
  QCheckBox* differencesOnly() const { return m_onlyDifferences; }
  QString heading() const;
  QString valueText(
      int row, int column) const;  // of the numbers: row 0 is the perplexity, row 1 that over the seeds, column 0 is A
  QString differenceText(int row) const;
  QString sentence() const;

 Q_SIGNALS:
  void swapRequested();
  void clearRequested();

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* buildHeader();
  QWidget* buildNumbers();
  QWidget* buildSettings();
  void loadConfig(store::RunId run);
  void showSettings();
  void placeMaps();

  QPointer<ProjectSession> m_session;
  std::optional<PairSide> m_a, m_b;
  std::map<store::RunId, std::string> m_configs;
  std::pair<store::RunId, store::RunId> m_shownSettings;
  int m_generation = 0;

  TextLabel* m_title;
  TextLabel* m_heading;
  QToolButton* m_swap;
  QToolButton* m_clear;
  QStackedLayout* m_pages;
  PairHead* m_heads[2];
  std::vector<std::array<TextLabel*, 3>> m_values;  // A, A's difference, B
  TextLabel* m_sentence;
  PairMaps* m_maps;
  QCheckBox* m_onlyDifferences;
  TextLabel* m_differences;
  SettingModel* m_settings;
  QTableView* m_table;
};

}  // namespace weft::ui
