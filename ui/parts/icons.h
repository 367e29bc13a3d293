// ui/parts/icons.h -- the studio's icons: SVGs drawn in one colour of the theme in force at the moment of painting, at
// the screen's own scale.
#pragma once

#include <QIcon>
#include <QPainter>
#include <QRectF>
#include <QString>

#include "ui/parts/theme.h"

namespace weft::ui {

enum class IconColor { Text, Text2, Text3, Accent, OnAccent, Good, Warning, Error };
QColor iconColor(IconColor color, const Theme& theme);

// resources/icons/NAME.svg; an icon that paints nothing if there is none. It follows a later change of theme by itself.
QIcon icon(const QString& name, IconColor color = IconColor::Text2);
bool hasIcon(const QString& name);

// For delegates and painted widgets: the icon in `color`, fitted into `area`.
void paintIcon(QPainter& painter, const QRectF& area, const QString& name, const QColor& color);

}  // namespace weft::ui
