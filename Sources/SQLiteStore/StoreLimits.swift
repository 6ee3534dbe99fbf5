/// The bounds of everything that grows. At a bound the least valuable goes first and is counted.
public struct StoreLimits: Sendable, Equatable {
    /// Undelivered entries of each receiver. A full lane refuses new ones, since what is promised already is worth more.
    public var outboxEntries: Int64 = 10_000
    /// Undelivered entries about one device, of each receiver.
    public var outboxEntriesPerDevice: Int64 = 100
    public var outboxPayloadBytes = 1 << 20
    /// Delivered and abandoned entries that are remembered so that a repeat of their key is recognised.
    public var finishedOutboxEntries: Int64 = 50_000
    public var journalEntries: Int64 = 200_000
    public var journalBytes: Int64 = 256 << 20
    public var deadLetterEntries: Int64 = 10_000
    public var deadLetterBytes: Int64 = 64 << 20
    /// Entries of the ledger of downtime, and incidents. Half a million entries take about 45 MB.
    public var stateIntervals: Int64 = 500_000
    public var incidents: Int64 = 200_000
    /// How long the sums by day are kept.
    public var accountDays = 3_660
    /// Events remembered for having crashed the decoder.
    public var quarantineEntries: Int64 = 10_000
    /// Writes by the API that are remembered by their id.
    public var requests: Int64 = 20_000
    /// Pairs of device and metric that may have history.
    public var series: Int64 = 200_000
    /// How long a statement waits for another connection's lock.
    public var busyTimeoutMilliseconds: Int32 = 5_000
    /// The size the write-ahead log is cut back to after a checkpoint.
    public var logBytes: Int64 = 16 << 20
    /// The database's greatest size in pages of 8192 bytes, for tests of a full disk; nil sets none.
    public var maximumPages: Int64?

    public init() {}
}
