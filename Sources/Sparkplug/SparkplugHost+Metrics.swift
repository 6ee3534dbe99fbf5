import Hashing

/// Metrics by name and by alias, and their values.
extension SparkplugHost {
    /// A birth: every metric with its name, type and alias, and the value it has.
    mutating func born(_ device: Int, _ payload: UnsafeRawBufferPointer, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        if reader.hasTemplates {
            withMembers(device, payload, reader, &output) { $0.tell(device, $1, $2, &$3) }
        } else {
            tell(device, payload, reader, &output)
        }
    }

    private mutating func tell(
        _ device: Int, _ payload: UnsafeRawBufferPointer, _ reader: SparkplugPayload, _ output: inout SparkplugOutput
    ) {
        devices[device].presence = .online
        output.events.append(.birth(device: devices[device].key, timestampMilliseconds: reader.timestampMilliseconds))
        let first = output.readings.count
        for metric in reader.metrics {
            guard let index = define(metric, device, payload, &output) else {
                output.unreadMetrics += 1
                continue
            }
            // bdSeq numbers the session; it says nothing of the machine.
            if device == 0, metrics[Int(index)].name == "bdSeq" { continue }
            if metric.datatype == .template { continue }
            do {
                try read(metric, Int(index), metrics[Int(index)].datatype, payload, reader, &output)
                noteUnit(metric, index, payload, reader, &output)
            } catch {
                output.unreadMetrics += 1
                output.problem("\(devices[device].key): \"\(metrics[Int(index)].name)\" \(error)")
            }
        }
        if output.readings.count > first { output.events.append(.readings(first..<output.readings.count)) }
    }

    private func noteUnit(
        _ metric: SparkplugMetric, _ index: Int32, _ payload: UnsafeRawBufferPointer, _ reader: SparkplugPayload,
        _ output: inout SparkplugOutput
    ) {
        guard metric.properties > 0 else { return }
        let place = reader.properties[Int(metric.properties) - 1].unit
        guard !place.isEmpty, place.count <= limits.unitBytes else { return }
        output.units[index] = String(decoding: payload[place], as: UTF8.self)
    }

    private mutating func define(
        _ metric: SparkplugMetric, _ device: Int, _ payload: UnsafeRawBufferPointer, _ output: inout SparkplugOutput
    ) -> Int32? {
        guard metric.nameLength > 0 else {
            output.problem("\(devices[device].key): a metric in its birth has no name")
            return nil
        }
        guard let index = entry(metric, device, payload, &output) else { return nil }
        metrics[Int(index)].isBorn = true
        metrics[Int(index)].datatype = metric.datatype
        guard metric.flags.contains(.hasAlias) else { return index }
        if let other = aliases[metric.alias], other != index {
            output.problem("\(devices[device].key): alias \(metric.alias) stands for two metrics, so it means neither")
            if other >= 0 { metrics[Int(other)].alias = nil }
            aliases[metric.alias] = -1
        } else {
            // A name that stands twice may bring two aliases; the one before must not outlive its entry.
            if let former = metrics[Int(index)].alias, former != metric.alias { aliases[former] = nil }
            metrics[Int(index)].alias = metric.alias
            aliases[metric.alias] = index
        }
        return index
    }

    /// The metric of this name, new when need be.
    private mutating func entry(
        _ metric: SparkplugMetric, _ device: Int, _ payload: UnsafeRawBufferPointer, _ output: inout SparkplugOutput
    ) -> Int32? {
        let name = metric.name(in: payload)
        let place = hash(name, device)
        if let known = find(name, place, device) { return known }
        guard name.count <= limits.nameBytes else {
            output.problem("\(devices[device].key): a metric's name has \(name.count) bytes; at most \(limits.nameBytes) are taken")
            return nil
        }
        guard metrics.count < limits.metrics else {
            output.problem("\(devices[0].key): it has more than the \(limits.metrics) metrics that are taken")
            return nil
        }
        let text = String(decoding: name, as: UTF8.self)
        guard text.utf8.count == name.count else {
            output.problem("\(devices[device].key): a metric's name is not UTF-8")
            return nil
        }
        let index = Int32(metrics.count)
        metrics.append(Metric(device: Int32(device), name: text, datatype: metric.datatype, alias: nil, isBorn: false))
        chain(index, place)
        return index
    }

    mutating func chain(_ index: Int32, _ hash: UInt64) {
        metrics[Int(index)].next = names[hash] ?? -1
        names[hash] = index
    }

    func hash(_ name: UnsafeRawBufferPointer, _ device: Int) -> UInt64 { tableHash(name, salt: UInt64(device)) }

    private func find(_ name: UnsafeRawBufferPointer, _ hash: UInt64, _ device: Int) -> Int32? {
        var at = names[hash] ?? -1
        while at >= 0 {
            if isNamed(Int(at), name, device) { return at }
            at = metrics[Int(at)].next
        }
        return nil
    }

    @inline(__always)
    private func isNamed(_ index: Int, _ name: UnsafeRawBufferPointer, _ device: Int) -> Bool {
        guard metrics[index].device == device else { return false }
        return metrics[index].name.utf8.withContiguousStorageIfAvailable { $0.count == name.count && $0.elementsEqual(name) } ?? false
    }

    /// A device is born again: what its birth before told no longer holds.
    mutating func withdraw(_ device: Int) {
        for index in metrics.indices where metrics[index].device == device {
            metrics[index].isBorn = false
            if let alias = metrics[index].alias, aliases[alias] == Int32(index) { aliases[alias] = nil }
            metrics[index].alias = nil
        }
    }

    mutating func data(_ device: Int, _ message: Message, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        guard reader.hasTemplates else { return take(device, message, reader, &output) }
        withMembers(device, message.payload, reader, &output) { host, bytes, expanded, output in
            host.take(device, Message(kind: message.kind, device: message.device, payload: bytes, now: message.now), expanded, &output)
        }
    }

    private mutating func take(_ device: Int, _ message: Message, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) {
        var nullInstances = 0
        let first = output.readings.count
        var expected = 0
        var isUnclear = false
        for metric in reader.metrics {
            guard let index = resolve(metric, device, expected, message.payload, &output) else {
                output.unreadMetrics += 1
                isUnclear = true
                continue
            }
            expected = index + 1
            if !metrics[index].isBorn, mayBeDeclared(index, &output) { isUnclear = true }
            let told = metrics[index].datatype
            if told == .template || metric.field == .template {
                if metric.field == .template { continue }
                let isNull = metric.field == .none || metric.flags.contains(.isNull)
                if !isNull { isUnclear = true }
                if !isNull || !forget(membersOf: index, metric, reader, &nullInstances, &output) { output.unreadMetrics += 1 }
                continue
            }
            let type = metric.datatype == .unknown ? told : metric.datatype
            do throws(SparkplugValueProblem) {
                // By alias alone, another type means that the alias stands for another metric by now.
                if metric.nameLength == 0, type != told { throw SparkplugValueProblem.mismatch }
                try read(metric, index, type, message.payload, reader, &output)
            } catch {
                output.unreadMetrics += 1
                if error == .mismatch { isUnclear = true }
                if error != .notScalar { output.problem("\(devices[device].key): \"\(metrics[index].name)\" \(error)") }
            }
        }
        if output.readings.count > first { output.events.append(.readings(first..<output.readings.count)) }
        if isUnclear { askForRebirth(at: message.now, &output) }
    }

    /// Whether a birth may tell of a metric that no birth has told of so far.
    private mutating func mayBeDeclared(_ index: Int, _ output: inout SparkplugOutput) -> Bool {
        // Before the birth of its device nothing is missing in it.
        guard devices[Int(metrics[index].device)].presence == .online else { return true }
        switch undeclaredNames {
        case .none, .asked:
            undeclaredNames = .asked
            return true
        case .answered:
            undeclaredNames = .told
            let key = devices[Int(metrics[index].device)].key
            output.problem(
                "\(key): its data name \"\(metrics[index].name)\", which its births do not; such values are taken, and no rebirth is asked for"
            )
            return false
        case .told: return false
        }
    }

    /// Which metric is meant. Messages of one kind have their metrics in one order, so the one after the last is tried first.
    @inline(__always)
    private mutating func resolve(
        _ metric: SparkplugMetric, _ device: Int, _ expected: Int, _ payload: UnsafeRawBufferPointer, _ output: inout SparkplugOutput
    ) -> Int? {
        if metric.nameLength == 0 {
            if metric.flags.contains(.hasAlias) {
                if expected < metrics.count, metrics[expected].alias == metric.alias, metrics[expected].device == device { return expected }
                if let index = aliases[metric.alias], index >= 0, metrics[Int(index)].device == device { return Int(index) }
                output.problem("\(devices[device].key): alias \(metric.alias) is in no birth")
            } else {
                output.problem("\(devices[device].key): a metric with neither name nor alias")
            }
            return nil
        }
        let name = metric.name(in: payload)
        if expected < metrics.count, isNamed(expected, name, device) { return expected }
        if let index = find(name, hash(name, device), device) { return Int(index) }
        return entry(metric, device, payload, &output).map(Int.init)
    }

    /// Whether the node itself does not believe the value beside the property.
    private func isDoubted(_ metric: SparkplugMetric, _ index: Int, _ reader: SparkplugPayload, _ output: inout SparkplugOutput) -> Bool {
        let properties = reader.properties[Int(metric.properties) - 1]
        guard let quality = properties.quality, quality != SparkplugProperties.goodQuality else { return false }
        output.unreadMetrics += 1
        let word = quality == 0 ? " (bad)" : quality == 500 ? " (stale)" : ""
        output.problem(
            "\(devices[Int(metrics[index].device)].key): \"\(metrics[index].name)\" has the quality \(quality)\(word), so its value is unknown"
        )
        return true
    }

    @inline(__always)
    private func read(
        _ metric: SparkplugMetric, _ index: Int, _ type: SparkplugDatatype, _ payload: UnsafeRawBufferPointer, _ reader: SparkplugPayload,
        _ output: inout SparkplugOutput
    ) throws(SparkplugValueProblem) {
        let value: SparkplugValue
        if metric.properties > 0, isDoubted(metric, index, reader, &output) {
            value = .null
        } else {
            value = try metric.value(as: type, in: payload, maximumTextBytes: limits.textBytes)
        }
        output.readings.append(reading(index, value, metric, reader))
    }

    @inline(__always)
    func reading(_ index: Int, _ value: SparkplugValue, _ metric: SparkplugMetric, _ reader: SparkplugPayload) -> SparkplugReading {
        SparkplugReading(
            device: devices[Int(metrics[index].device)].key, name: metrics[index].name, metric: Int32(index),
            generation: generation, value: value,
            timestampMilliseconds: metric.flags.contains(.hasTime) ? metric.timestampMilliseconds : reader.timestampMilliseconds,
            payloadMilliseconds: reader.timestampMilliseconds,
            isHistorical: metric.flags.contains(.isHistorical))
    }
}
