/// The property set of a metric: names and values in two lists of one order.
extension SparkplugPayload {
    private static var maximumProperties: Int { 64 }

    /// Reads `Quality` and `engUnit`. Each name is read before the values, so the wire order of the two lists does not matter.
    mutating func properties(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, of metric: inout SparkplugMetric
    ) throws(SparkplugPayloadError) {
        var (quality, unit) = (-1, -1)
        var count = 0
        var cursor = ProtobufCursor(bytes)
        (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
        while !cursor.isAtEnd {
            let (field, type) = try cursor.tag()
            guard field == 1, type == .counted else {
                try cursor.skip(type)
                continue
            }
            let name = bytes[try cursor.counted()]
            if count < Self.maximumProperties {
                if name.elementsEqual("Quality".utf8) { quality = count } else if name.elementsEqual("engUnit".utf8) { unit = count }
            }
            count += 1
        }
        guard quality >= 0 || unit >= 0 else { return }
        var found = metric.properties == 0 ? SparkplugProperties() : properties[Int(metric.properties) - 1]
        count = 0
        (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
        while !cursor.isAtEnd, count <= max(quality, unit) {
            let (field, type) = try cursor.tag()
            guard field == 2, type == .counted else {
                try cursor.skip(type)
                continue
            }
            let value = try cursor.counted()
            if count == quality { found.quality = try Self.number(bytes, value) ?? found.quality }
            if count == unit { found.unit = try Self.text(bytes, value) }
            count += 1
        }
        guard found != SparkplugProperties() else { return }
        if metric.properties == 0 {
            properties.append(found)
            metric.properties = UInt32(properties.count)
        } else {
            properties[Int(metric.properties) - 1] = found
        }
    }

    /// The whole number of a property's value; nil where it has none.
    private static func number(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(SparkplugPayloadError) -> Int64? {
        var cursor = ProtobufCursor(bytes)
        (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
        var number: Int64?
        while !cursor.isAtEnd {
            switch try cursor.tag() {
            case (3, .varint): number = Int64(Int32(truncatingIfNeeded: try cursor.varint()))
            case (4, .varint): number = Int64(bitPattern: try cursor.varint())
            case (_, let type): try cursor.skip(type)
            }
        }
        return number
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(SparkplugPayloadError) -> Range<Int> {
        var cursor = ProtobufCursor(bytes)
        (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
        var text = 0..<0
        while !cursor.isAtEnd {
            switch try cursor.tag() {
            case (8, .counted): text = try cursor.counted()
            case (_, let type): try cursor.skip(type)
            }
        }
        return text
    }
}
