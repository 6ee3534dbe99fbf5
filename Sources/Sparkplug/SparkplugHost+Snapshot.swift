import Documents
import Hashing

/// A host's state in a snapshot. Limits are configuration and not part of it.
extension SparkplugHost {
    /// Version 1 had no word of a mismatch of bdSeq, and version 2 none of names that no birth has.
    private static var version: UInt8 { 3 }

    public func write(to writer: inout ByteWriter) {
        writer.write(Self.version)
        writer.write(group)
        writer.write(node)
        writer.write(generation)
        Self.write(bdSeq, to: &writer)
        writer.write(hasToldMismatch)
        writer.write(undeclaredNames.rawValue)
        writer.write(nextSeq)
        writer.write(behindRun)
        for hash in recent { writer.write(hash) }
        Self.write(rebirthAskedMilliseconds, to: &writer)
        writer.write(isRebirthDue)
        Self.write(deviceBirthsDueMilliseconds, to: &writer)
        writer.write(UInt32(devices.count))
        for device in devices {
            writer.write(device.id)
            writer.write(device.presence.rawValue)
        }
        writer.write(UInt32(metrics.count))
        for metric in metrics {
            writer.write(metric.device)
            writer.write(metric.name)
            writer.write(metric.datatype.rawValue)
            Self.write(metric.alias, to: &writer)
            writer.write(metric.isBorn)
        }
        // Sorted, because a dictionary has no order of its own.
        let doubtful = aliases.filter { $0.value < 0 }.keys.sorted()
        writer.write(UInt32(doubtful.count))
        for alias in doubtful { writer.write(alias) }
        writer.write(UInt32(pending.count))
        for message in pending {
            writer.write(message.seq)
            writer.write(message.kind.rawValue)
            writer.write(blob: message.device)
            writer.write(blob: message.payload)
            writer.write(message.arrivalMilliseconds)
            writer.write(message.timestampMilliseconds)
        }
    }

    /// Reads what `write(to:)` wrote; damaged input throws.
    public init(
        from reader: inout ByteReader, limits: SparkplugLimits = .standard, tableHash: KeyedHash = KeyedHash()
    ) throws(ByteCodingError) {
        let version = try reader.integer(UInt8.self)
        guard (1...Self.version).contains(version) else { throw ByteCodingError(offset: 0) }
        self.init(group: try reader.text(), node: try reader.text(), limits: limits, tableHash: tableHash)
        generation = try reader.integer()
        bdSeq = try Self.optional(&reader)
        if version >= 2 { hasToldMismatch = try reader.bool() }
        if version >= 3 {
            guard let names = UndeclaredNames(rawValue: try reader.integer()) else { throw ByteCodingError(offset: 0) }
            undeclaredNames = names
        }
        nextSeq = try reader.integer()
        behindRun = try reader.integer()
        guard behindRun < Self.maximumBehindRun else { throw ByteCodingError(offset: 0) }
        for index in recent.indices { recent[index] = try reader.integer() }
        rebirthAskedMilliseconds = try Self.optional(&reader)
        isRebirthDue = try reader.bool()
        deviceBirthsDueMilliseconds = try Self.optional(&reader)
        try readDevices(&reader)
        try readMetrics(&reader)
        for _ in 0..<(try reader.integer(UInt32.self)) { aliases[try reader.integer()] = -1 }
        try readPending(&reader)
    }

    private mutating func readDevices(_ reader: inout ByteReader) throws(ByteCodingError) {
        let count = try reader.integer(UInt32.self)
        guard count >= 1 else { throw ByteCodingError(offset: 0) }
        for index in 0..<count {
            let id = try reader.text()
            guard let presence = Presence(rawValue: try reader.integer()), id.isEmpty == (index == 0) else {
                throw ByteCodingError(offset: 0)
            }
            if index > 0 { devices.append(Device(id: id, key: "\(devices[0].key)/\(id)")) }
            devices[Int(index)].presence = presence
        }
    }

    private mutating func readMetrics(_ reader: inout ByteReader) throws(ByteCodingError) {
        for number in 0..<(try reader.integer(UInt32.self)) {
            let device = try reader.integer(Int32.self)
            var name = try reader.text()
            guard device >= 0, Int(device) < devices.count, let datatype = SparkplugDatatype(rawValue: try reader.integer()) else {
                throw ByteCodingError(offset: 0)
            }
            let alias: UInt64? = try Self.optional(&reader)
            metrics.append(Metric(device: device, name: name, datatype: datatype, alias: alias, isBorn: try reader.bool()))
            if let alias { aliases[alias] = Int32(number) }
            let place = name.withUTF8 { [tableHash] in tableHash(UnsafeRawBufferPointer($0), salt: UInt64(device)) }
            chain(Int32(number), place)
        }
    }

    private mutating func readPending(_ reader: inout ByteReader) throws(ByteCodingError) {
        for _ in 0..<(try reader.integer(UInt32.self)) {
            let seq = try reader.integer(UInt8.self)
            guard let kind = SparkplugTopic.Kind(rawValue: try reader.integer()) else { throw ByteCodingError(offset: 0) }
            pending.append(
                Pending(
                    seq: seq, kind: kind, device: try reader.blob(), payload: try reader.blob(), arrivalMilliseconds: try reader.integer(),
                    timestampMilliseconds: try reader.integer()))
            pendingBytes += pending[pending.count - 1].payload.count
        }
    }

    private static func write(_ number: (some FixedWidthInteger)?, to writer: inout ByteWriter) {
        writer.write(number != nil)
        if let number { writer.write(number) }
    }

    private static func optional<Number: FixedWidthInteger>(_ reader: inout ByteReader) throws(ByteCodingError) -> Number? {
        try reader.bool() ? try reader.integer() : nil
    }
}
