// Maps by Leaflet: a grid where the operator has named no tile server.
"use strict";
const FitnessMaps = (() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const Grid = L.GridLayer.extend({
    createTile() {
      const tile = document.createElement("div");
      tile.className = "grid-tile";
      return tile;
    },
  });

  function make(box) {
    const map = L.map(box, {
      attributionControl: false, preferCanvas: true, scrollWheelZoom: false, zoomSnap: 0.25, zoomAnimation: false, fadeAnimation: false,
      markerZoomAnimation: false,
    });
    if (box.dataset.tiles) L.tileLayer(box.dataset.tiles, { maxZoom: 18 }).addTo(map); else new Grid().addTo(map);
    L.control.scale({ maxWidth: 100, metric: !("miles" in box.dataset), imperial: "miles" in box.dataset }).addTo(map);
    // The wheel scrolls the page until the map is clicked.
    map.on("click", () => map.scrollWheelZoom.enable());
    map.on("mouseout", () => map.scrollWheelZoom.disable());
    return map;
  }

  // The middle nine tenths of some values.
  function middle(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share) => sorted[Math.round((sorted.length - 1) * share)];
    return [at(0.05), at(0.95)];
  }

  async function heat(box) {
    const answer = await fetch(box.dataset.heat, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { cells } = await answer.json();
    const map = make(box);
    const [latitudes, longitudes] = [[], []];
    for (let i = 0; i < cells.length; i += 3) { latitudes.push(cells[i] / 1000); longitudes.push(cells[i + 1] / 1000); }
    if (!latitudes.length) return;
    const [[south, north], [west, east]] = [middle(latitudes), middle(longitudes)];
    map.fitBounds([[south, west], [north + 0.001, east + 0.001]], { padding: [16, 16] });
    const paint = L.layerGroup().addTo(map);
    const fill = () => {
      paint.clearLayers();
      for (let i = 0; i < cells.length; i += 3) {
        const [latitude, longitude] = [cells[i] / 1000, cells[i + 1] / 1000];
        L.rectangle([[latitude, longitude], [latitude + 0.001, longitude + 0.001]], {
          stroke: false, fillColor: colour("--accent"), fillOpacity: 0.16 + 0.16 * cells[i + 2], interactive: false,
        }).addTo(paint);
      }
    };
    fill();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fill);
  }

  function route(box) {
    const { points } = JSON.parse(box.querySelector("script").textContent);
    box.querySelector("svg")?.remove();
    box.classList.add("map", "tall", "grid-map");
    const map = make(box);
    const lines = [[]];
    for (const point of points) { if (point) lines[lines.length - 1].push(point); else lines.push([]); }
    const known = points.filter(Boolean);
    const drawn = lines.filter((line) => line.length > 1);
    map.fitBounds(L.latLngBounds(known), { padding: [24, 24] });
    const paint = L.layerGroup().addTo(map);
    const cursor = L.circleMarker(known[0], { radius: 7, weight: 3, fillOpacity: 1, interactive: false });
    const fill = () => {
      paint.clearLayers();
      const line = { interactive: false, lineJoin: "round" };
      L.polyline(drawn, { ...line, color: colour("--surface"), weight: 7 }).addTo(paint);
      L.polyline(drawn, { ...line, color: colour("--accent"), weight: 3 }).addTo(paint);
      const end = { radius: 5, weight: 3, fillOpacity: 1, interactive: false };
      L.circleMarker(known[known.length - 1], { ...end, color: colour("--accent"), fillColor: colour("--accent") }).addTo(paint);
      L.circleMarker(known[0], { ...end, color: colour("--accent"), fillColor: colour("--surface") }).addTo(paint);
      cursor.setStyle({ color: colour("--surface"), fillColor: colour("--text") });
    };
    fill();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fill);
    document.addEventListener("course:cursor", (event) => {
      const point = points[event.detail];
      if (point) cursor.setLatLng(point).addTo(map).bringToFront(); else cursor.remove();
    });
  }

  return { heat, route };
})();
