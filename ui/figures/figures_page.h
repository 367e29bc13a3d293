// ui/figures/figures_page.h -- figures for a paper: a list of saved ones, the chosen one on white paper at its real
// width, its options, its export.
#pragma once

#include <QPointer>
#include <QTimer>
#include <functional>

#include "ui/figures/figure_library.h"
#include "ui/parts/page.h"

class QCheckBox;
class QComboBox;
class QPushButton;

namespace weft::ui {

class FigureList;
class FigurePanel;
class PageHeader;
class PaperView;
class RunPicker;
class TextLabel;

class FiguresPage : public Page {
  Q_OBJECT
 public:
  explicit FiguresPage(QWidget* parent = nullptr);

  PageId id() const override { return pages::kFigures; }
  QString iconName() const override { return QStringLiteral("figures"); }
  void setSession(ProjectSession* session) override;
  // A new figure of these runs.
  void showRuns(const std::vector<store::RunId>& runs) override;

  FigureLibrary* library() const { return m_library; }
  FigureList* list() const { return m_list; }
  FigurePanel* panel() const { return m_panel; }
  PaperView* paper() const { return m_paper; }
  QPushButton* freezeButton() const { return m_freeze; }
  int current() const;
  void exportTo(const QString& path);
  QString exportPath(int index, const QString& format) const;

 private:
  void openingChanged() override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;
  QWidget* buildHeader();
  QWidget* buildList();
  QWidget* buildCentre();
  void buildActions();
  void showFigure();  // the current one, in every part of the page
  QString caption(int index);
  void showState();
  void showSource();
  void takeRuns();
  void check();  // what an export would be found to be
  void applyEdit(const FigureDocument& figure);
  void addFigure(FigureKind kind);
  void removeFigure();
  void duplicateFigure();
  void exportAll();
  void askExport();
  void copyLatex();
  void pickRuns();
  void showZoom();

  bool m_isStale = false;  // the panel has not seen the newest runs
  QPointer<ProjectSession> m_session;
  FigureLibrary* m_library;
  ConfigurationGroups* m_groups;  // of the current figure's runs
  PageHeader* m_header;
  TextLabel* m_state;
  QPushButton* m_freeze;
  QPushButton* m_exportAll;
  QPushButton* m_latex;
  TextLabel* m_count;
  FigureList* m_list;
  PaperView* m_paper;
  QComboBox* m_zoom;
  FigurePanel* m_panel;
  RunPicker* m_picker;
  QTimer m_checkTimer;
  std::vector<store::RunId> m_wanted;  // handed over before the figures were read
};

}  // namespace weft::ui
