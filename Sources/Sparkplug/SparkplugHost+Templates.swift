/// Template instances: their members are metrics as all others are.
extension SparkplugHost {
    private static var maximumNullInstances: Int { 256 }

    /// Lets `body` read the message with the members of its templates.
    mutating func withMembers(
        _ device: Int, _ payload: UnsafeRawBufferPointer, _ reader: SparkplugPayload, _ output: inout SparkplugOutput,
        _ body: (inout SparkplugHost, UnsafeRawBufferPointer, SparkplugPayload, inout SparkplugOutput) -> Void
    ) {
        var reader = reader
        let (bytes, leftOut) = reader.expandTemplates(in: payload, nameBytes: limits.nameBytes) { instance in
            guard let index = aliases[instance.alias], index >= 0, metrics[Int(index)].device == device else { return nil }
            return metrics[Int(index)].name
        }
        if leftOut > 0 {
            output.unreadMetrics += leftOut
            output.problem(
                "\(devices[device].key): \(leftOut) members of templates are left out (deeper than \(SparkplugPayload.maximumTemplateDepth), too many, too long a name, or damaged)"
            )
        }
        bytes.withUnsafeBytes { body(&self, $0, reader, &output) }
    }

    /// An instance that is null: each member is. Returns false when a message has more of them than are looked at.
    mutating func forget(
        membersOf index: Int, _ metric: SparkplugMetric, _ reader: SparkplugPayload, _ nullInstances: inout Int,
        _ output: inout SparkplugOutput
    ) -> Bool {
        nullInstances += 1
        guard nullInstances <= Self.maximumNullInstances else { return false }
        let prefix = metrics[index].name + "/"
        for member in metrics.indices where metrics[member].device == metrics[index].device && metrics[member].datatype != .template {
            guard metrics[member].name.utf8.starts(with: prefix.utf8) else { continue }
            guard output.readings.count < SparkplugPayload.maximumMetrics else { return false }
            output.readings.append(reading(member, .null, metric, reader))
        }
        return true
    }

    /// Whether the metric's name lies below that of a template instance of the same device.
    func isMember(_ metric: Metric) -> Bool {
        metrics.contains {
            $0.datatype == .template && $0.device == metric.device && metric.name.utf8.starts(with: "\($0.name)/".utf8)
        }
    }
}
