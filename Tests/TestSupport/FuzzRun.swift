import Foundation

/// `STEWARD_FUZZ_COUNT` makes the seeded tests longer, `STEWARD_FUZZ_SEED` another one.
public enum FuzzRun {
    public static func rounds(_ usual: Int) -> Int { environment("STEWARD_FUZZ_COUNT").flatMap(Int.init) ?? usual }
    public static func seed(_ usual: UInt64) -> UInt64 { environment("STEWARD_FUZZ_SEED").flatMap(UInt64.init) ?? usual }

    private static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}
