/// Where silver holds places: positions, tracks, towns, segments. A test compares this list with the tables.
package enum Places {
    /// Tables of which every row names a place.
    package static let tables: Set<String> = ["segment_effort"]
    package static let columns: [String: Set<String>] = [
        "activity": [
            "start_latitude_deg", "start_longitude_deg", "end_latitude_deg", "end_longitude_deg", "location_city", "location_state",
            "location_country", "summary_polyline", "polyline",
        ],
        "activity_rollup": ["cell", "cell_seconds"],
        "activity_stream": ["latitude_e6", "longitude_e6"],
        "athlete": ["city", "state", "country"],
    ]
}
