/// The version of this program, as `steward --version`, the API and outgoing requests tell it (Semantic Versioning 2.0).
public enum StewardVersion {
    public static let current = "0.1.0"
}
