import Telemetry

/// One profile made ready: its layout, and what is computed from it.
package struct ProfileSlot: Sendable {
    package internal(set) var layout: ProfileLayout
    package private(set) var derived: LayoutDerived
    /// The slot of the profile that meets new devices: itself, unless this one belongs to one device (`namesPerDevice`, `Core+OwnLayout`).
    var base: ProfileIndex

    init(_ layout: ProfileLayout, base: ProfileIndex) {
        self.layout = layout
        self.base = base
        derived = LayoutDerived(layout)
    }

    var rules: DeviceProfile { layout.profile }

    /// Computes anew what depends on the names, when the layout has learned some.
    mutating func followLayout() {
        if layout.revision != derived.revision { derived = LayoutDerived(layout) }
    }
}
