/// Templates (UDTs): a metric whose value is a list of metrics.
extension SparkplugPayload {
    static let maximumTemplateDepth = 8

    /// Puts the members of each template instance behind it, as metrics whose name is that of the instance, a slash, and their own. What the
    /// instance says of time, history and quality holds for members that do not say it themselves. Definitions are taken out.
    ///
    /// Returns the payload with the new names behind it, which the places in `metrics` then refer to, and how many members were left out:
    /// too deep, too many, with too long a name, or unreadable.
    /// - Parameter instanceName: the name of an instance that is told by its alias alone; nil leaves its members out.
    mutating func expandTemplates(
        in payload: UnsafeRawBufferPointer, nameBytes: Int, instanceName: (SparkplugMetric) -> String?
    ) -> (bytes: [UInt8], leftOut: Int) {
        var expansion = TemplateExpansion(payload: payload, nameBytes: nameBytes)
        for metric in metrics {
            guard metric.field == .template else {
                expansion.append(metric)
                continue
            }
            let name = metric.nameLength > 0 ? Array(metric.name(in: payload)) : instanceName(metric).map { Array($0.utf8) }
            expand(metric, name, depth: 1, &expansion)
        }
        metrics = expansion.metrics
        return (Array(payload) + expansion.names, expansion.leftOut)
    }

    private mutating func expand(_ instance: SparkplugMetric, _ name: [UInt8]?, depth: Int, _ expansion: inout TemplateExpansion) {
        let place = Int(instance.bits >> 32)
        let range = place..<place + Int(instance.bits & 0xFFFF_FFFF)
        do throws(SparkplugPayloadError) {
            guard try !isDefinition(expansion.payload, range) else { return }
            var instance = instance
            instance.datatype = .template
            expansion.append(instance)
            // An instance that no birth told is told as such by whoever reads the metric itself.
            guard let name else { return }
            guard depth <= Self.maximumTemplateDepth else {
                expansion.leftOut += 1
                return
            }
            try members(of: instance, range, name, depth: depth, &expansion)
        } catch {
            expansion.leftOut += 1
        }
    }

    private func isDefinition(_ payload: UnsafeRawBufferPointer, _ range: Range<Int>) throws(SparkplugPayloadError) -> Bool {
        var cursor = ProtobufCursor(payload)
        (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
        var isDefinition = false
        while !cursor.isAtEnd {
            switch try cursor.tag() {
            case (5, .varint): isDefinition = try cursor.varint() != 0
            case (_, let type): try cursor.skip(type)
            }
        }
        return isDefinition
    }

    /// The metrics (2) of a template; its version, parameters and reference are no readings.
    private mutating func members(
        of instance: SparkplugMetric, _ range: Range<Int>, _ name: [UInt8], depth: Int, _ expansion: inout TemplateExpansion
    ) throws(SparkplugPayloadError) {
        var cursor = ProtobufCursor(expansion.payload)
        (cursor.position, cursor.end) = (range.lowerBound, range.upperBound)
        while !cursor.isAtEnd {
            let (field, type) = try cursor.tag()
            guard field == 2, type == .counted else {
                try cursor.skip(type)
                continue
            }
            let place = try cursor.counted()
            guard expansion.metrics.count < Self.maximumMetrics else {
                expansion.leftOut += 1
                return
            }
            let (position, end) = (cursor.position, cursor.end)
            (cursor.position, cursor.end) = (place.lowerBound, place.upperBound)
            var member = SparkplugMetric()
            while !cursor.isAtEnd { try self.field(&cursor, of: &member) }
            (cursor.position, cursor.end) = (position, end)
            inherit(&member, from: instance)
            if member.nameLength > 0 {
                // Before the name is made: a long one would be copied for each member.
                guard name.count + 1 + Int(member.nameLength) <= expansion.nameBytes else {
                    expansion.leftOut += 1
                    continue
                }
                let path = name + [UInt8(ascii: "/")] + Array(member.name(in: expansion.payload))
                expansion.rename(&member, path)
                if member.field == .template { expand(member, path, depth: depth + 1, &expansion) } else { expansion.append(member) }
            } else if member.flags.contains(.hasAlias), member.field != .template {
                expansion.append(member)
            } else {
                expansion.leftOut += 1
            }
        }
    }

    private func inherit(_ member: inout SparkplugMetric, from instance: SparkplugMetric) {
        if !member.flags.contains(.hasTime), instance.flags.contains(.hasTime) {
            member.timestampMilliseconds = instance.timestampMilliseconds
            member.flags.insert(.hasTime)
        }
        if instance.flags.contains(.isHistorical) { member.flags.insert(.isHistorical) }
        if member.properties == 0 { member.properties = instance.properties }
    }
}

/// Metrics in their order, and the names that no place in the payload has.
private struct TemplateExpansion {
    let payload: UnsafeRawBufferPointer
    let nameBytes: Int
    var names: [UInt8] = []
    var metrics: [SparkplugMetric] = []
    var leftOut = 0

    init(payload: UnsafeRawBufferPointer, nameBytes: Int) {
        self.payload = payload
        self.nameBytes = nameBytes
    }

    mutating func append(_ metric: SparkplugMetric) {
        if metrics.count < SparkplugPayload.maximumMetrics { metrics.append(metric) } else { leftOut += 1 }
    }

    mutating func rename(_ metric: inout SparkplugMetric, _ name: [UInt8]) {
        metric.nameOffset = UInt32(payload.count + names.count)
        metric.nameLength = UInt32(name.count)
        names += name
    }
}
