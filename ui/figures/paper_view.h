// ui/figures/paper_view.h -- a figure as it will stand in a paper: white page whatever the theme, at its real width
// times the zoom, with a ruler, grey lines for the text around it and its caption. The handle at the lower edge drags
// its height.
#pragma once

#include <QAbstractScrollArea>
#include <QPixmap>
#include <memory>
#include <optional>
#include <vector>

#include "ui/paper/figure.h"

namespace weft::ui {

class FigureScene;

class PaperView : public QAbstractScrollArea {
  Q_OBJECT
 public:
  explicit PaperView(QWidget* parent = nullptr);
  ~PaperView() override;

  // `message` stands on the paper instead of a figure that cannot be drawn.
  void setFigure(const FigureOptions& options, const std::vector<FigureRun>& runs, const QString& caption);
  void setCaption(const QString& caption);  // of the same figure
  const QString& caption() const { return m_caption; }
  void setMessage(const QString& message);
  QString message() const { return m_message; }
  // 0: as large as fits.
  void setZoom(double zoom);
  double zoom() const;  // in force
  void setInPage(bool inPage);
  void setGreyscale(bool greyscale);

  QRectF figureBox() const;  // in the viewport
  QRectF handleBox() const;
  QSizeF figureSize_in() const { return m_size_in; }
  const QStringList& problems() const { return m_problems; }

 Q_SIGNALS:
  void heightDragged(double height_in);
  void zoomChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  double pixelsPerInch() const;
  QRectF pageBox() const;
  double contentHeight() const;
  void updateScroll();
  void paintRuler(QPainter& painter) const;
  void paintText(QPainter& painter, double left, double width, double top, double bottom) const;
  QRectF paintCaption(QPainter& painter, const QRectF& figure) const;
  const QPixmap& rendered(double ratio);

  std::unique_ptr<FigureScene> m_scene;  // laid out once, painted at every zoom; null: there is a message instead
  QString m_caption, m_message;
  QStringList m_problems;
  QSizeF m_size_in{5.5, 3.4};
  double m_zoom = 0;
  bool m_isInPage = true, m_isGrey = false;
  std::optional<double> m_dragFrom;  // y of the handle's press minus the figure's lower edge
  QPixmap m_pixmap;
  double m_pixmapScale = 0;
};

}  // namespace weft::ui
