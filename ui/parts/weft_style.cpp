#include "ui/parts/weft_style.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QGuiApplication>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QStyleFactory>
#include <QStyleOption>
#include <QToolButton>

#include "ui/parts/icons.h"
#include "ui/parts/theme.h"

namespace weft::ui {
namespace {

constexpr const char* kPrimary = "weftPrimary";
constexpr const char* kDangerous = "weftDangerous";
constexpr const char* kWrong = "weftWrong";
constexpr qreal kRadius = 4;

bool isOn(const QWidget* widget, const char* property) { return widget && widget->property(property).toBool(); }
bool isEnabled(const QStyleOption& option) { return option.state & QStyle::State_Enabled; }
bool isHovered(const QStyleOption& option) { return isEnabled(option) && (option.state & QStyle::State_MouseOver); }
bool isPressed(const QStyleOption& option) { return option.state & (QStyle::State_Sunken | QStyle::State_On); }
// A ring only for the keyboard's focus, as people expect of buttons; text fields show it always.
bool hasKeyboardFocus(const QStyleOption& option) {
  return (option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange);
}

int controlHeight(const QFontMetrics& font) { return qMax(metrics::control, font.height() + 10); }

// A box whose 1-px edge lies on whole pixels at every scale.
void drawBox(QPainter& painter, const QRectF& area, const QColor& fill, const QColor& edge, qreal width = 1,
             qreal radius = kRadius) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(fill.isValid() ? QBrush(fill) : Qt::NoBrush);
  painter.setPen(edge.isValid() ? QPen(edge, width) : QPen(Qt::NoPen));
  const qreal half = edge.isValid() ? width / 2 : 0;
  painter.drawRoundedRect(area.adjusted(half, half, -half, -half), radius, radius);
  painter.restore();
}

struct BoxColors {
  QColor fill, edge, text;
};

BoxColors buttonColors(const Theme& theme, const QStyleOption& option, const QWidget* widget) {
  if (!isEnabled(option))
    return {theme.panel, theme.strongLine, option.palette.color(QPalette::Disabled, QPalette::ButtonText)};
  if (isOn(widget, kPrimary)) {
    const QColor fill = isPressed(option)   ? theme.accent.darker(118)
                        : isHovered(option) ? theme.accent.lighter(108)
                                            : theme.accent;
    return {fill, fill, theme.onAccent};
  }
  if (isOn(widget, kDangerous)) return {isHovered(option) ? theme.errorFill : theme.panel, theme.error, theme.error};
  if (option.state & QStyle::State_On) return {theme.selection, theme.accent, theme.text};
  return {isPressed(option)   ? theme.sunken
          : isHovered(option) ? theme.hover
                              : theme.panel,
          theme.controlEdge, theme.text};
}

void drawField(QPainter& painter, const QStyleOption& option, const QRectF& area, bool hasFocus) {
  const Theme& theme = Theme::current();
  const QColor fill = isEnabled(option) ? theme.panel : theme.window;
  if (hasFocus && isEnabled(option))
    drawBox(painter, area, fill, theme.accent, 2);
  else
    drawBox(painter, area, fill, isEnabled(option) ? theme.controlEdge : theme.strongLine);
}

void drawCheckMark(QPainter& painter, const QStyleOption& option, bool isRound) {
  const Theme& theme = Theme::current();
  const QRectF box = QRectF(option.rect);
  const bool on = option.state & (QStyle::State_On | QStyle::State_NoChange);
  const QColor mark = isEnabled(option) ? theme.onAccent : theme.panel;
  const QColor fill = !on ? theme.panel : isEnabled(option) ? theme.accent : theme.strongLine;
  const QColor edge = on ? fill : isEnabled(option) ? theme.controlEdge : theme.strongLine;
  drawBox(painter, box, fill, edge, 1, isRound ? box.width() / 2 : 3);
  if (hasKeyboardFocus(option))
    drawBox(painter, box.adjusted(-2, -2, 2, 2), QColor(), theme.accent, 2, isRound ? box.width() / 2 + 2 : 5);
  if (!on) return;
  if (isRound) {
    drawBox(painter, box.adjusted(4, 4, -4, -4), mark, QColor(), 0, box.width() / 2 - 4);
  } else if (option.state & QStyle::State_NoChange) {
    painter.fillRect(QRectF(box.left() + 3, box.center().y() - 0.5, box.width() - 6, 2), mark);
  } else {
    paintIcon(painter, box.adjusted(-1, -1, 1, 1), QStringLiteral("check"), mark);
  }
}

void drawMenuItem(QPainter& painter, const QStyleOptionMenuItem& item) {
  const Theme& theme = Theme::current();
  painter.fillRect(item.rect, theme.panel);
  if (item.menuItemType == QStyleOptionMenuItem::Separator) {
    painter.fillRect(QRect(item.rect.left(), item.rect.center().y(), item.rect.width(), 1), theme.hairline);
    return;
  }
  if (item.state & QStyle::State_Selected) painter.fillRect(item.rect, isEnabled(item) ? theme.selection : theme.hover);
  const QColor color = isEnabled(item) ? theme.text : item.palette.color(QPalette::Disabled, QPalette::Text);
  const QRect mark(item.rect.left() + 8, item.rect.center().y() - 7, 16, 16);
  if (item.checkType != QStyleOptionMenuItem::NotCheckable && item.checked)
    paintIcon(painter, mark, QStringLiteral("check"), color);
  else if (!item.icon.isNull())
    item.icon.paint(&painter, mark, Qt::AlignCenter, isEnabled(item) ? QIcon::Normal : QIcon::Disabled);
  const QStringList parts = item.text.split(u'\t');
  painter.setFont(item.font);
  painter.setPen(color);
  const QRect text = item.rect.adjusted(32, 0, -28, 0);
  painter.drawText(text, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextShowMnemonic | Qt::TextSingleLine, parts.value(0));
  if (parts.size() > 1) {
    painter.setPen(isEnabled(item) ? theme.text3 : color);
    painter.drawText(item.rect.adjusted(32, 0, -16, 0), Qt::AlignVCenter | Qt::AlignRight | Qt::TextSingleLine,
                     parts.value(1));
  }
  if (item.menuItemType == QStyleOptionMenuItem::SubMenu)
    paintIcon(painter, QRect(item.rect.right() - 22, item.rect.center().y() - 7, 16, 16),
              QStringLiteral("chevron-right"), color);
}

// Icon, 8 px, text; centred together.
void drawButtonLabel(QPainter& painter, const QStyleOptionButton& button, const QColor& color) {
  QRect area = button.rect;
  if (button.features & QStyleOptionButton::HasMenu) area.adjust(0, 0, -12, 0);
  const int show = QGuiApplication::keyboardModifiers() & Qt::AltModifier ? Qt::TextShowMnemonic : Qt::TextHideMnemonic;
  const int textWidth = button.fontMetrics.size(show, button.text).width();
  const int iconWidth = button.icon.isNull() ? 0 : button.iconSize.width();
  const int gap = iconWidth > 0 && textWidth > 0 ? 8 : 0;
  int left = area.center().x() + 1 - (iconWidth + gap + textWidth) / 2;
  if (iconWidth > 0) {
    const QRect place(left, area.center().y() + 1 - button.iconSize.height() / 2, iconWidth, button.iconSize.height());
    button.icon.paint(&painter, place, Qt::AlignCenter, isEnabled(button) ? QIcon::Normal : QIcon::Disabled);
    left += iconWidth + gap;
  }
  painter.setPen(color);
  painter.drawText(QRect(left, area.top(), textWidth + 2, area.height()),
                   Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine | show, button.text);
}

void drawProgress(QPainter& painter, const QStyleOptionProgressBar& bar) {
  const Theme& theme = Theme::current();
  const qreal range = qMax(1, bar.maximum - bar.minimum);
  const QRectF track(bar.rect.left(), bar.rect.center().y() - 2, bar.rect.width(), 6);
  painter.fillRect(track, theme.track);
  painter.fillRect(
      QRectF(track.left(), track.top(), track.width() * (bar.progress - bar.minimum) / range, track.height()),
      theme.accent);
}

}  // namespace

WeftStyle::WeftStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("fusion"))) {}

void WeftStyle::polish(QWidget* widget) {
  QProxyStyle::polish(widget);
  if (qobject_cast<QAbstractButton*>(widget) || qobject_cast<QComboBox*>(widget)) widget->setAttribute(Qt::WA_Hover);
}

void WeftStyle::unpolish(QWidget* widget) { QProxyStyle::unpolish(widget); }

int WeftStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
  switch (metric) {
    case PM_DefaultFrameWidth:
      return 1;
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
    case PM_MenuBarVMargin:
    case PM_MenuBarHMargin:
    case PM_MenuBarPanelWidth:
    case PM_MenuBarItemSpacing:
    case PM_ToolBarFrameWidth:
    case PM_ToolBarItemMargin:
    case PM_ToolBarItemSpacing:
      return 0;
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
    case PM_ExclusiveIndicatorWidth:
    case PM_ExclusiveIndicatorHeight:
      return 16;
    case PM_CheckBoxLabelSpacing:
    case PM_RadioButtonLabelSpacing:
      return 8;
    case PM_SmallIconSize:
    case PM_ButtonIconSize:
    case PM_ListViewIconSize:
      return 16;
    case PM_ScrollBarExtent:
      return 12;
    case PM_ScrollView_ScrollBarSpacing:
      return 0;
    case PM_SplitterWidth:
      return 5;
    case PM_MenuPanelWidth:
      return 1;
    case PM_MenuVMargin:
      return 4;
    case PM_HeaderMargin:
      return 8;
    case PM_HeaderMarkSize:
      return 8;
    case PM_LayoutHorizontalSpacing:
    case PM_LayoutVerticalSpacing:
      return metrics::gap;
    case PM_ToolTipLabelFrameWidth:
      return 6;
    default:
      return QProxyStyle::pixelMetric(metric, option, widget);
  }
}

int WeftStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                         QStyleHintReturn* data) const {
  switch (hint) {
    case SH_EtchDisabledText:
    case SH_DitherDisabledText:
    case SH_ComboBox_Popup:
    case SH_MenuBar_AltKeyNavigation:
      return hint == SH_MenuBar_AltKeyNavigation ? 1 : 0;
    case SH_ItemView_ShowDecorationSelected:
      return 1;
    case SH_UnderlineShortcut:
      // Underlined letters only while Alt is held: QMenuBar repaints itself then.
      return QGuiApplication::keyboardModifiers() & Qt::AltModifier ? 1 : 0;
    case SH_Table_GridLineColor:
      return static_cast<int>(Theme::current().hairline.rgb());
    case SH_ToolTip_WakeUpDelay:
      return 500;
    default:
      return QProxyStyle::styleHint(hint, option, widget, data);
  }
}

QSize WeftStyle::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                                  const QWidget* widget) const {
  const int height = controlHeight(option ? option->fontMetrics : QFontMetrics(bodyFont()));
  switch (type) {
    case CT_PushButton: {
      const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
      const bool hasMenu = button && (button->features & QStyleOptionButton::HasMenu);
      const bool hasIcon = button && !button->icon.isNull();
      return {size.width() + 24 + (hasMenu ? 6 : 0) + (hasIcon ? 4 : 0), height};
    }
    case CT_ToolButton:
      return {size.width() + 10, qMax(height, size.height() + 6)};
    case CT_LineEdit:
      return {size.width() + 8, height};
    case CT_ComboBox:
      return {size.width() + 40, height};
    case CT_SpinBox:
      return {size.width() + 32, height};
    case CT_MenuBarItem:
      return {size.width() + 20, metrics::menuBar};
    case CT_MenuItem: {
      const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option);
      if (!item) break;
      if (item->menuItemType == QStyleOptionMenuItem::Separator) return {size.width(), 9};
      return {size.width() + 32 + 36 + (item->text.contains(u'\t') ? 16 : 0), height};
    }
    case CT_TabBarTab: {
      const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option);
      return {QFontMetrics(sectionFont()).horizontalAdvance(tab ? tab->text : QString()) + 24, height + 4};
    }
    case CT_ItemViewItem: {
      const QSize base = QProxyStyle::sizeFromContents(type, option, size, widget);
      return {base.width(), qMax(base.height(), metrics::row)};
    }
    case CT_ProgressBar:
      return {size.width(), qMax(6, size.height())};
    default:
      break;
  }
  return QProxyStyle::sizeFromContents(type, option, size, widget);
}

QRect WeftStyle::subElementRect(SubElement element, const QStyleOption* option, const QWidget* widget) const {
  switch (element) {
    case SE_LineEditContents:
      return option->rect.adjusted(6, 1, -6, -1);
    case SE_PushButtonFocusRect:
      return option->rect;
    default:
      return QProxyStyle::subElementRect(element, option, widget);
  }
}

QRect WeftStyle::subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                                const QWidget* widget) const {
  const QRect all = option->rect;
  if (control == CC_SpinBox) {
    const int width = 18;
    switch (part) {
      case SC_SpinBoxUp:
        return visualRect(option->direction, all,
                          QRect(all.right() - width, all.top() + 1, width, all.height() / 2 - 1));
      case SC_SpinBoxDown:
        return visualRect(option->direction, all,
                          QRect(all.right() - width, all.center().y() + 1, width, all.height() - all.height() / 2 - 1));
      case SC_SpinBoxEditField:
        return visualRect(option->direction, all, all.adjusted(2, 2, -width - 1, -2));
      case SC_SpinBoxFrame:
        return all;
      default:
        break;
    }
  }
  if (control == CC_ComboBox) {
    switch (part) {
      case SC_ComboBoxArrow:
        return visualRect(option->direction, all, QRect(all.right() - 24, all.top(), 24, all.height()));
      case SC_ComboBoxEditField:
        return visualRect(option->direction, all, all.adjusted(6, 2, -25, -2));
      default:
        break;
    }
  }
  if (control == CC_ScrollBar) {
    const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
    const bool horizontal = bar && bar->orientation == Qt::Horizontal;
    const int length = horizontal ? all.width() : all.height();
    if (part == SC_ScrollBarAddLine || part == SC_ScrollBarSubLine) return {};
    if (part == SC_ScrollBarGroove) return all;
    if (bar) {
      const qint64 range = qint64(bar->maximum) - bar->minimum;
      const int slider =
          range > 0 ? qBound(24, int(qint64(bar->pageStep) * length / (range + bar->pageStep)), length) : length;
      const int at =
          sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition, length - slider, bar->upsideDown);
      const auto piece = [&](int from, int to) {
        return horizontal ? QRect(all.left() + from, all.top(), to - from, all.height())
                          : QRect(all.left(), all.top() + from, all.width(), to - from);
      };
      if (part == SC_ScrollBarSlider) return piece(at, at + slider);
      if (part == SC_ScrollBarSubPage) return piece(0, at);
      if (part == SC_ScrollBarAddPage) return piece(at + slider, length);
    }
  }
  return QProxyStyle::subControlRect(control, option, part, widget);
}

void WeftStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                              const QWidget* widget) const {
  const Theme& theme = Theme::current();
  switch (element) {
    case PE_PanelButtonCommand: {
      const BoxColors colors = buttonColors(theme, *option, widget);
      const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
      if (button && (button->features & QStyleOptionButton::Flat) && !isHovered(*option) && !isPressed(*option)) return;
      drawBox(*painter, option->rect, colors.fill, colors.edge);
      return;
    }
    case PE_PanelButtonTool:
      if (!isHovered(*option) && !isPressed(*option)) return;
      drawBox(*painter, option->rect,
              (option->state & State_On) ? theme.selection
              : isPressed(*option)       ? theme.sunken
                                         : theme.hover,
              QColor());
      return;
    case PE_FrameFocusRect:
      // Rows and tabs show selection by themselves; buttons draw their ring around themselves.
      if (qobject_cast<const QAbstractItemView*>(widget)) return;
      drawBox(*painter, option->rect, QColor(), theme.accent, 2);
      return;
    case PE_PanelLineEdit: {
      const auto* frame = qstyleoption_cast<const QStyleOptionFrame*>(option);
      if (frame && frame->lineWidth > 0) drawField(*painter, *option, option->rect, option->state & State_HasFocus);
      if (isOn(widget, kWrong)) drawBox(*painter, option->rect, QColor(), theme.error, 2);
      return;
    }
    case PE_FrameLineEdit:
      drawField(*painter, *option, option->rect, option->state & State_HasFocus);
      return;
    case PE_Frame:
      painter->save();
      painter->setPen(QPen(theme.hairline, 1));
      painter->setBrush(Qt::NoBrush);
      painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
      painter->restore();
      return;
    case PE_FrameMenu:
      painter->save();
      painter->setPen(QPen(theme.strongLine, 1));
      painter->drawRect(option->rect.adjusted(0, 0, -1, -1));
      painter->restore();
      return;
    case PE_PanelMenu:
      painter->fillRect(option->rect, theme.panel);
      return;
    case PE_PanelTipLabel:
      painter->fillRect(option->rect, theme.panel);
      drawBox(*painter, option->rect, theme.panel, theme.strongLine, 1, 0);
      return;
    case PE_IndicatorCheckBox:
    case PE_IndicatorItemViewItemCheck:
      drawCheckMark(*painter, *option, false);
      return;
    case PE_IndicatorRadioButton:
      drawCheckMark(*painter, *option, true);
      return;
    case PE_IndicatorArrowDown:
    case PE_IndicatorArrowUp:
    case PE_IndicatorArrowRight: {
      const QString name = element == PE_IndicatorArrowDown ? QStringLiteral("triangle-down")
                           : element == PE_IndicatorArrowUp ? QStringLiteral("triangle-up")
                                                            : QStringLiteral("chevron-right");
      const QPointF center = QRectF(option->rect).center();
      const QColor color =
          isEnabled(*option) ? theme.text2 : option->palette.color(QPalette::Disabled, QPalette::ButtonText);
      paintIcon(*painter, QRectF(center.x() - 6, center.y() - 6, 12, 12), name, color);
      return;
    }
    case PE_IndicatorHeaderArrow: {
      const auto* header = qstyleoption_cast<const QStyleOptionHeader*>(option);
      if (!header || header->sortIndicator == QStyleOptionHeader::None) return;
      // Qt calls the arrow of an ascending column "SortDown".
      const bool ascending = header->sortIndicator == QStyleOptionHeader::SortDown;
      const QPointF center = QRectF(option->rect).center();
      paintIcon(*painter, QRectF(center.x() - 6, center.y() - 6, 12, 12),
                ascending ? QStringLiteral("triangle-up") : QStringLiteral("triangle-down"), theme.text2);
      return;
    }
    case PE_PanelItemViewItem:
    case PE_PanelItemViewRow:
      if (option->state & State_Selected)
        painter->fillRect(option->rect, theme.selection);
      else if (element == PE_PanelItemViewItem && isHovered(*option))
        painter->fillRect(option->rect, theme.hover);
      return;
    case PE_FrameTabBarBase:
    case PE_FrameStatusBarItem:
    case PE_PanelStatusBar:
    case PE_PanelToolBar:
      return;
    default:
      QProxyStyle::drawPrimitive(element, option, painter, widget);
  }
}

void WeftStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                            const QWidget* widget) const {
  const Theme& theme = Theme::current();
  switch (element) {
    case CE_PushButtonBevel: {
      proxy()->drawPrimitive(PE_PanelButtonCommand, option, painter, widget);
      const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
      if (button && (button->features & QStyleOptionButton::HasMenu)) {
        const QRectF arrow(option->rect.right() - 18, option->rect.center().y() - 4, 10, 10);
        paintIcon(*painter, arrow, QStringLiteral("triangle-down"), buttonColors(theme, *option, widget).text);
      }
      if (hasKeyboardFocus(*option))
        drawBox(*painter,
                QRectF(option->rect)
                    .adjusted(isOn(widget, kPrimary) ? 2 : 0, isOn(widget, kPrimary) ? 2 : 0,
                              isOn(widget, kPrimary) ? -2 : 0, isOn(widget, kPrimary) ? -2 : 0),
                QColor(), isOn(widget, kPrimary) ? theme.onAccent : theme.accent, 2);
      return;
    }
    case CE_PushButtonLabel:
      if (const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option))
        drawButtonLabel(*painter, *button, buttonColors(theme, *option, widget).text);
      return;
    case CE_MenuItem:
      if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option)) {
        painter->save();
        drawMenuItem(*painter, *item);
        painter->restore();
      }
      return;
    case CE_MenuBarEmptyArea:
      painter->fillRect(option->rect, theme.window);
      return;
    case CE_MenuBarItem:
      if (const auto* item = qstyleoption_cast<const QStyleOptionMenuItem*>(option)) {
        painter->fillRect(option->rect, theme.window);
        if (option->state & State_Selected)
          drawBox(*painter, QRectF(option->rect).adjusted(0, 4, 0, -4), theme.selection, QColor());
        const int show =
            styleHint(SH_UnderlineShortcut, option, widget, nullptr) ? Qt::TextShowMnemonic : Qt::TextHideMnemonic;
        painter->setPen(isEnabled(*option) ? theme.text : option->palette.color(QPalette::Disabled, QPalette::Text));
        painter->drawText(option->rect, Qt::AlignCenter | Qt::TextSingleLine | show, item->text);
      }
      return;
    case CE_HeaderSection:
    case CE_HeaderEmptyArea:
      painter->fillRect(option->rect, theme.header);
      painter->fillRect(QRect(option->rect.left(), option->rect.bottom(), option->rect.width(), 1), theme.hairline);
      return;
    case CE_ProgressBarGroove:
    case CE_ProgressBarLabel:
      return;
    case CE_ProgressBarContents:
      if (const auto* bar = qstyleoption_cast<const QStyleOptionProgressBar*>(option)) drawProgress(*painter, *bar);
      return;
    case CE_TabBarTabShape:
      if (const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option)) {
        // An underline marks the chosen tab, as in the filter tabs.
        if (isHovered(*tab) && !(tab->state & State_Selected))
          painter->fillRect(tab->rect.adjusted(0, 4, 0, -4), theme.hover);
        if (tab->state & State_Selected)
          painter->fillRect(QRect(tab->rect.left() + 8, tab->rect.bottom() - 1, tab->rect.width() - 16, 2),
                            theme.accent);
        if (hasKeyboardFocus(*tab))
          drawBox(*painter, QRectF(tab->rect).adjusted(2, 3, -2, -3), QColor(), theme.accent, 2);
      }
      return;
    case CE_TabBarTabLabel:
      if (const auto* tab = qstyleoption_cast<const QStyleOptionTab*>(option)) {
        painter->save();
        const bool isSelected = tab->state & State_Selected;
        if (isSelected) painter->setFont(sectionFont());
        painter->setPen(!isEnabled(*tab) ? option->palette.color(QPalette::Disabled, QPalette::WindowText)
                        : isSelected     ? theme.text
                                         : theme.text2);
        painter->drawText(tab->rect, Qt::AlignCenter | Qt::TextSingleLine | Qt::TextHideMnemonic, tab->text);
        painter->restore();
      }
      return;
    case CE_Splitter: {
      const QRect r = option->rect;
      if (option->state & State_Horizontal)
        painter->fillRect(QRect(r.center().x(), r.top(), 1, r.height()), theme.hairline);
      else
        painter->fillRect(QRect(r.left(), r.center().y(), r.width(), 1), theme.hairline);
      return;
    }
    default:
      QProxyStyle::drawControl(element, option, painter, widget);
  }
}

void WeftStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                                   const QWidget* widget) const {
  const Theme& theme = Theme::current();
  if (control == CC_ScrollBar) {
    const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (!bar) return;
    painter->fillRect(option->rect, qobject_cast<const QAbstractScrollArea*>(widget ? widget->parentWidget() : nullptr)
                                        ? theme.panel
                                        : theme.window);
    if (bar->maximum <= bar->minimum) return;
    const QRectF slider = proxy()->subControlRect(control, option, SC_ScrollBarSlider, widget);
    const bool isActive = option->activeSubControls & SC_ScrollBarSlider;
    drawBox(*painter, slider.adjusted(3, 3, -3, -3), isActive ? theme.controlEdge : theme.strongLine, QColor(), 0, 3);
    return;
  }
  if (control == CC_ComboBox) {
    const auto* box = qstyleoption_cast<const QStyleOptionComboBox*>(option);
    if (!box) return;
    if (box->frame) {
      drawField(*painter, *option, option->rect,
                option->state & State_HasFocus && (box->editable || hasKeyboardFocus(*option)));
      if (isHovered(*option) && !box->editable)
        drawBox(*painter, QRectF(option->rect).adjusted(1, 1, -1, -1), theme.hover, QColor());
      if (option->state & State_HasFocus && hasKeyboardFocus(*option))
        drawBox(*painter, option->rect, QColor(), theme.accent, 2);
    }
    const QRectF arrow = proxy()->subControlRect(control, option, SC_ComboBoxArrow, widget);
    paintIcon(*painter, QRectF(arrow.center().x() - 7, arrow.center().y() - 7, 14, 14), QStringLiteral("chevron-down"),
              isEnabled(*option) ? theme.text2 : option->palette.color(QPalette::Disabled, QPalette::ButtonText));
    return;
  }
  if (control == CC_SpinBox) {
    const auto* box = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
    if (!box) return;
    if (box->frame) drawField(*painter, *option, option->rect, option->state & State_HasFocus);
    const auto arrow = [&](SubControl part, const QString& name, bool canStep) {
      const QRectF area = proxy()->subControlRect(control, option, part, widget);
      const bool isUnderPointer = isEnabled(*option) && (option->activeSubControls & part);
      paintIcon(*painter, QRectF(area.center().x() - 7, area.center().y() - 7, 14, 14), name,
                !canStep || !isEnabled(*option) ? theme.strongLine
                : isUnderPointer                ? theme.accent
                                                : theme.text2);
    };
    if (box->subControls & SC_SpinBoxUp) {
      arrow(SC_SpinBoxUp, QStringLiteral("spin-up"), box->stepEnabled & QAbstractSpinBox::StepUpEnabled);
      arrow(SC_SpinBoxDown, QStringLiteral("spin-down"), box->stepEnabled & QAbstractSpinBox::StepDownEnabled);
    }
    return;
  }
  if (control == CC_Slider) {
    const auto* slider = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (!slider) return;
    const QRectF groove = proxy()->subControlRect(control, option, SC_SliderGroove, widget);
    const QRectF handle = proxy()->subControlRect(control, option, SC_SliderHandle, widget);
    if (slider->orientation == Qt::Horizontal) {
      drawBox(*painter, QRectF(groove.left(), groove.center().y() - 2, groove.width(), 4), theme.track, QColor(), 0, 2);
      drawBox(*painter, QRectF(groove.left(), groove.center().y() - 2, handle.center().x() - groove.left(), 4),
              theme.accent, QColor(), 0, 2);
    } else {
      drawBox(*painter, QRectF(groove.center().x() - 2, groove.top(), 4, groove.height()), theme.track, QColor(), 0, 2);
    }
    drawBox(*painter, QRectF(handle.center().x() - 6, handle.center().y() - 6, 12, 12), theme.panel, theme.accent, 2,
            6);
    return;
  }
  QProxyStyle::drawComplexControl(control, option, painter, widget);
}

void makePrimary(QPushButton* button) {
  button->setProperty(kPrimary, true);
  button->setFont(sectionFont());
}

void makeDangerous(QPushButton* button) { button->setProperty(kDangerous, true); }

void setWrong(QWidget* field, bool isWrong) {
  if (isOn(field, kWrong) == isWrong) return;
  field->setProperty(kWrong, isWrong);
  field->update();
}

}  // namespace weft::ui
