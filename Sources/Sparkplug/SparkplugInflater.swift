import CZlib

/// Compressed payloads: the uuid `SPBV1.0_COMPRESSED`, the metric `algorithm`, and a whole payload in the body.
extension SparkplugPayload {
    /// Unpacks the body of the payload that was read last, and reads what is in it instead. What the inner payload leaves out of time and
    /// seq, the outer one may tell.
    mutating func inflated(_ payload: UnsafeRawBufferPointer) throws(SparkplugPayloadError) -> [UInt8] {
        try checkAlgorithm(payload)
        let bytes = try SparkplugInflater.inflate(UnsafeRawBufferPointer(rebasing: payload[body]), maximumBytes: maximumInflatedBytes)
        let (time, seq) = (timestampMilliseconds, seq)
        try bytes.withUnsafeBytes { inner in
            Result { () throws(SparkplugPayloadError) in try decode(inner) }
        }.get()
        if isCompressed { throw SparkplugPayloadError(.compressedTwice, offset: 0) }
        inherit(timestampMilliseconds: time, seq: seq)
        return bytes
    }

    /// Libraries that name no algorithm mean DEFLATE, and the bytes themselves say which one of the two they are.
    private func checkAlgorithm(_ payload: UnsafeRawBufferPointer) throws(SparkplugPayloadError) {
        let metric = metrics.first { $0.name(in: payload).elementsEqual("algorithm".utf8) }
        guard let metric, metric.field == .string else { return }
        let name = metric.counted(in: payload).map { $0 & 0xDF }
        guard name.elementsEqual("GZIP".utf8) || name.elementsEqual("DEFLATE".utf8) else {
            throw SparkplugPayloadError(.unknownCompression, offset: 0)
        }
    }
}

/// Unpacks GZIP, DEFLATE with zlib's header, and DEFLATE without (as .NET writes it).
enum SparkplugInflater {
    /// DEFLATE makes at most 1032 bytes of one.
    private static var maximumRatio: Int { 1032 }

    /// Nothing beyond `maximumBytes` is allocated or unpacked; of the memory only what is written is ever touched.
    static func inflate(_ packed: UnsafeRawBufferPointer, maximumBytes: Int) throws(SparkplugPayloadError) -> [UInt8] {
        var stream = z_stream()
        guard !packed.isEmpty, steward_inflate_init(&stream, windowBits(packed)) == Z_OK else {
            throw SparkplugPayloadError(.damagedCompression, offset: 0)
        }
        defer { inflateEnd(&stream) }
        // zlib only reads its input; its header does not say so for older programs.
        stream.next_in = UnsafeMutablePointer(mutating: packed.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(packed.count)
        var code = Z_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: min(maximumBytes, packed.count * maximumRatio + 64)) { buffer, count in
            (stream.next_out, stream.avail_out) = (buffer.baseAddress, UInt32(buffer.count))
            code = CZlib.inflate(&stream, Z_FINISH)
            count = buffer.count - Int(stream.avail_out)
        }
        if code == Z_STREAM_END { return bytes }
        throw stream.avail_out == 0 && (code == Z_OK || code == Z_BUF_ERROR)
            ? SparkplugPayloadError(.inflatedTooLarge, offset: maximumBytes)
            : SparkplugPayloadError(.damagedCompression, offset: packed.count - Int(stream.avail_in))
    }

    /// The first two bytes of zlib's header are divisible by 31; those of GZIP are 1F 8B.
    private static func windowBits(_ packed: UnsafeRawBufferPointer) -> Int32 {
        guard packed.count >= 2 else { return MAX_WBITS }
        if packed[0] == 0x1F, packed[1] == 0x8B { return MAX_WBITS + 16 }
        let isWithHeader = packed[0] & 0x0F == 8 && (Int(packed[0]) << 8 | Int(packed[1])) % 31 == 0
        return isWithHeader ? MAX_WBITS : -MAX_WBITS
    }
}
