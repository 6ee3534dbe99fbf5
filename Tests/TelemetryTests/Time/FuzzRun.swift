import Foundation

/// `STEWARD_FUZZ_COUNT` makes the seeded tests longer, `STEWARD_FUZZ_SEED` another one.
enum FuzzRun {
    static func rounds(_ usual: Int) -> Int { ProcessInfo.processInfo.environment["STEWARD_FUZZ_COUNT"].flatMap(Int.init) ?? usual }
    static func seed(_ usual: UInt64) -> UInt64 { ProcessInfo.processInfo.environment["STEWARD_FUZZ_SEED"].flatMap(UInt64.init) ?? usual }
}
