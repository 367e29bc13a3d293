// ui/models/qt_text.h -- the engine's texts for Qt.
#pragma once

#include <QString>
#include <filesystem>
#include <string>

namespace weft::ui {

inline QString toQt(const std::string& text) { return QString::fromStdString(text); }
inline QString toQt(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }

}  // namespace weft::ui
