#if DEBUG
    import Glibc

    /// A time of its own for the calling thread, in debug builds only: under simulation nothing waits, and each run is the same.
    public enum SimulatedTime {
        private static let key: pthread_key_t = {
            var key = pthread_key_t()
            pthread_key_create(&key, nil)
            return key
        }()

        /// What all clocks of this thread say: nanoseconds since 1970. Nil where time is real.
        static var nanoseconds: Int64? { pthread_getspecific(key)?.load(as: Int64.self) }
        public static var isOn: Bool { pthread_getspecific(key) != nil }

        /// Until it is set to nil, the clocks of this thread read the number behind the pointer.
        public static func set(_ nanoseconds: UnsafeMutablePointer<Int64>?) { pthread_setspecific(key, nanoseconds) }
    }
#endif
