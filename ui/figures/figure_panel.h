// ui/figures/figure_panel.h -- everything that can be set of a figure, in inches and points, and what its export was
// found to be.
#pragma once

#include <QWidget>
#include <functional>
#include <vector>

#include "ui/figures/figure_document.h"

class QButtonGroup;
class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLineEdit;
class QPushButton;
class QVBoxLayout;

namespace weft::ui {

class FilterField;
class PanelSection;
class TextLabel;

class FigurePanel : public QWidget {
  Q_OBJECT
 public:
  explicit FigurePanel(QWidget* parent = nullptr);
  QSize sizeHint() const override { return {320, 600}; }

  // Shown without a signal.
  void setFigure(const FigureDocument& figure);
  // What the runs offer: names for the baseline box, values for the filter.
  void setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot);
  // Sentences with a tick, and those with a warning; `source`: what the figure is made of.
  void setChecks(const QStringList& checks, const QStringList& problems);
  void setSource(const std::vector<std::pair<QString, QString>>& source);
  QString format() const;  // "pdf", "svg", "png", "csv"
  void setFormat(const QString& format);
  void setExportTarget(const QString& text);
  void setExportEnabled(bool enabled);

  QComboBox* kindBox() const { return m_kind; }
  QLineEdit* titleField() const { return m_title; }
  FilterField* filterField() const { return m_filter; }
  QPushButton* chooseButton() const { return m_choose; }
  QStringList shownChecks() const { return m_shownChecks; }

 Q_SIGNALS:
  void changed(const weft::ui::FigureDocument& figure);
  void formatChanged();
  void exportRequested();
  void exportToRequested();
  void chooseRunsRequested();

 private:
  QWidget* buildFigure();
  QWidget* buildSize();
  QWidget* buildType();
  QWidget* buildShow();
  QWidget* buildExport();
  // A change by the user: `edit` writes it into the document, which is then told.
  void edit(const std::function<void(FigureDocument&)>& edit);
  void showParts();
  QComboBox* box(const QString& name, const QStringList& items, std::function<void(FigureDocument&, int)> edit);
  QDoubleSpinBox* number(const QString& name, double low, double high, double step, const QString& unit,
                         std::function<void(FigureDocument&, double)> edit);
  QCheckBox* check(const QString& text, std::function<void(FigureDocument&, bool)> edit);

  FigureDocument m_figure;
  std::shared_ptr<const RunsSnapshot> m_snapshot;
  bool m_isShowing = false;
  QStringList m_shownChecks;

  QLineEdit* m_title;
  QComboBox* m_kind;
  QComboBox* m_x;
  QComboBox* m_y;
  QComboBox* m_metric;
  QComboBox* m_which;
  FilterField* m_filter;
  QPushButton* m_choose;
  QComboBox* m_baseline;
  QButtonGroup* m_widths;
  QDoubleSpinBox* m_width;
  QComboBox* m_height;
  QComboBox* m_font;
  QDoubleSpinBox* m_fontSize;
  QDoubleSpinBox* m_tickSize;
  QDoubleSpinBox* m_lineWidth;
  QDoubleSpinBox* m_markerSize;
  QDoubleSpinBox* m_smoothing;
  QComboBox* m_legend;
  QCheckBox* m_labels;
  QCheckBox* m_grid;
  QCheckBox* m_frontier;
  QCheckBox* m_dominated;
  QCheckBox* m_paper;
  QCheckBox* m_band;
  QComboBox* m_svgText;
  QButtonGroup* m_formats;
  TextLabel* m_target;
  QPushButton* m_export;
  QPushButton* m_exportTo;
  QVBoxLayout* m_checks;
  QFormLayout* m_source;
  std::vector<QWidget*> m_paretoParts, m_curveParts, m_plotParts, m_svgParts;
};

}  // namespace weft::ui
