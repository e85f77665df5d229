// Marks above a chart for what went wrong, drawn on its canvas: not by their colour alone.
import uPlot from 'uplot';
import type { Event } from './columns';

/** Pixels: height of the strip of throttled times, half the width of the mark of a kill, room above the chart. */
const STRIP = 5;
const HALF = 5;
const ABOVE = 10;

/** A strip above the chart, the stronger the more of the time. */
export function drawThrottling(plot: uPlot, events: readonly Event[], colour: string): void {
  within(plot, 0, (ctx, { top }, px) => {
    ctx.fillStyle = colour;
    for (const { time, amount } of events) {
      const [left, right] = [time - 1, time].map((at) => plot.valToPos(at, 'x', true)) as [number, number];
      ctx.globalAlpha = 0.35 + 0.65 * (amount / 100);
      ctx.fillRect(left, top - STRIP * px, Math.max(px, right - left), STRIP * px);
    }
  });
}

/** A line down the chart with a mark above it. */
export function drawKills(plot: uPlot, events: readonly Event[], colour: string): void {
  within(plot, HALF, (ctx, { top, height }, px) => {
    ctx.fillStyle = colour;
    ctx.strokeStyle = colour;
    ctx.lineWidth = px;
    ctx.setLineDash([]);
    const size = HALF * px;
    for (const { time } of events) {
      const x = plot.valToPos(time, 'x', true);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - size, top - 1.6 * size);
      ctx.lineTo(x + size, top - 1.6 * size);
      ctx.lineTo(x, top);
      ctx.fill();
    }
  });
}

/** Draws in the chart, the room above it and so much at its sides; `px`: points of the canvas in a pixel. */
function within(
  { ctx, bbox }: uPlot,
  beside: number,
  draw: (ctx: CanvasRenderingContext2D, bbox: uPlot.BBox, px: number) => void,
): void {
  const px = uPlot.pxRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - beside * px, bbox.top - ABOVE * px, bbox.width + 2 * beside * px, bbox.height + ABOVE * px);
  ctx.clip();
  draw(ctx, bbox, px);
  ctx.restore();
}
