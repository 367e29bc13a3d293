// ui/figures/panel_lines.h -- the lines of the options panel.
#pragma once

#include <QList>
#include <QStringList>
#include <QWidget>

class QButtonGroup;

namespace weft::ui {

inline constexpr int kPanelLabel = 84;

// Label at the left, fields at the right.
QWidget* panelLine(const QString& label, const QList<QWidget*>& fields);
// Buttons side by side of which one is down; their ids in the group are their places.
QWidget* segments(QButtonGroup* group, const QStringList& texts);
// A sentence behind a tick or a warning sign.
QWidget* checkLine(const QString& text, bool isGood);

}  // namespace weft::ui
