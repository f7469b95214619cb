export { hasQuotas, QUOTA_BYTES_MAX, QUOTA_BYTES_MIN } from './has-quotas.ts';
export { makeQuotaImage, mountQuotaImage, mountQuotaImageNow, unmountQuotaImage } from './quota-image.ts';
