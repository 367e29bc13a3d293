// ui/models/qt_text.h -- the engine's texts for Qt.
#pragma once

#include <QString>
#include <filesystem>
#include <string>

#include "engine/base/text.h"

namespace weft::ui {

inline QString toQt(const std::string& text) { return QString::fromStdString(text); }
inline QString toQt(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }

// As one field of a CSV line, by the one rule of base/text.h.
inline QString csvField(const QString& text) { return toQt(weft::csvField(text.toStdString())); }

}  // namespace weft::ui
