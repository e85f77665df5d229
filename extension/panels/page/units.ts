// Numbers with their units, as the table and the charts say them. Pure.
import { memoryText } from '../../views/amounts';

/** Of one core, so that two busy cores are 200 %. */
export function percentText(value: number): string {
  const rounded = value < 9.95 ? Number(value.toFixed(1)) : Math.round(value);
  return `${rounded} %`;
}

/** `4 KiB`: half bytes come from rates only, and mean nothing. */
export function sizeText(bytes: number): string {
  return memoryText(Math.round(bytes));
}

export function rateText(bytesPerSecond: number): string {
  return `${sizeText(bytesPerSecond)}/s`;
}

export function countText(value: number): string {
  return String(Math.round(value));
}
