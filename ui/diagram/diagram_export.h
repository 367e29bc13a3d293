// ui/diagram/diagram_export.h -- the diagram as a file (SVG, PDF, PNG; always the white theme) and the map as text for
// other programs.
#pragma once

#include <QString>

#include "engine/base/result.h"
#include "ui/diagram/sharing_document.h"

namespace weft::ui {

// The bytes of a file with this ending: "svg", "pdf", "png". InvalidInput for another one. Some 50 ms for 64 layers as
// PNG.
[[nodiscard]] Result<QByteArray> renderDiagram(const SharingDocument& document, const QString& ending);

QString mapAsText(const SharingDocument& document);  // 0_0_2_2
// The authors' sharing_pattern: [0, 0, 2, 2]; for a map whose K and V differ an object with both lists. InvalidInput
// naming the first layer of the map's second edition, which a list of sources cannot say.
[[nodiscard]] Result<QString> mapAsJson(const SharingDocument& document);

}  // namespace weft::ui
