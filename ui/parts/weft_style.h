// ui/parts/weft_style.h -- Fusion without its shadows and gradients: 26-px controls, 4-px radii, a 2-px focus ring in
// the accent, one blue primary button. Everything is painted from Theme::current(); no style sheets.
#pragma once

#include <QProxyStyle>

class QAbstractButton;
class QPushButton;

namespace weft::ui {

class WeftStyle : public QProxyStyle {
  Q_OBJECT
 public:
  WeftStyle();

  using QProxyStyle::polish;
  using QProxyStyle::unpolish;
  void polish(QWidget* widget) override;
  void unpolish(QWidget* widget) override;
  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                QStyleHintReturn* data) const override;
  QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                         const QWidget* widget) const override;
  QRect subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const override;
  QRect subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                       const QWidget* widget) const override;
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
  void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                   const QWidget* widget) const override;
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                          const QWidget* widget) const override;
};

// The one blue button of a page.
void makePrimary(QPushButton* button);
// Red edge and text: Kill.
void makeDangerous(QPushButton* button);
// Red edge around a text field whose content is refused; the sentence that says why stands beside it.
void setWrong(QWidget* field, bool isWrong);

}  // namespace weft::ui
