import django.contrib.postgres.constraints
import django.db.models.deletion
import djmoney.models.fields
import metering.models.base
import metering.models.customer
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('metering', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlanEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('key', models.CharField(max_length=64)),
                ('version', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('billing_cadence', models.CharField(default='P1M', help_text='ISO 8601 duration, such as P1M.', max_length=8)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('effective_from', models.DateTimeField(blank=True, editable=False, null=True)),
                ('effective_to', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PlanPhase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default='default', max_length=64)),
                ('name', models.CharField(default='Default', max_length=256)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('duration', models.CharField(blank=True, help_text='Empty for the last phase.', max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name='PlanPhaseEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('key', models.CharField(default='default', max_length=64)),
                ('name', models.CharField(default='Default', max_length=256)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('duration', models.CharField(blank=True, help_text='Empty for the last phase.', max_length=16)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RateCard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('type', models.CharField(choices=[('flat_fee', 'Flat fee'), ('usage_based', 'Usage based')], max_length=12)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('billing_cadence', models.CharField(default='P1M', max_length=8)),
                ('price', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='RateCardEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('type', models.CharField(choices=[('flat_fee', 'Flat fee'), ('usage_based', 'Usage based')], max_length=12)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('billing_cadence', models.CharField(default='P1M', max_length=8)),
                ('price', models.JSONField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('name', models.CharField(max_length=256)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('billing_cadence', models.CharField(max_length=8)),
                ('billing_anchor', models.DateTimeField()),
                ('time_zone', models.CharField(max_length=64)),
                ('active_from', models.DateTimeField()),
                ('active_to', models.DateTimeField(blank=True, null=True)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='SubscriptionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('name', models.CharField(max_length=256)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('billing_cadence', models.CharField(max_length=8)),
                ('billing_anchor', models.DateTimeField()),
                ('time_zone', models.CharField(max_length=64)),
                ('active_from', models.DateTimeField()),
                ('active_to', models.DateTimeField(blank=True, null=True)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SubscriptionItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('phase_key', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('type', models.CharField(choices=[('flat_fee', 'Flat fee'), ('usage_based', 'Usage based')], max_length=12)),
                ('billing_cadence', models.CharField(max_length=8)),
                ('price', models.JSONField()),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('active_from', models.DateTimeField()),
                ('active_to', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='SubscriptionItemEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('phase_key', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('type', models.CharField(choices=[('flat_fee', 'Flat fee'), ('usage_based', 'Usage based')], max_length=12)),
                ('billing_cadence', models.CharField(max_length=8)),
                ('price', models.JSONField()),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('active_from', models.DateTimeField()),
                ('active_to', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Feature',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('filters', models.JSONField(blank=True, default=dict, help_text='Only events with these group values, such as {"model": ["large"]}.')),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('meter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='features', to='metering.meter')),
            ],
        ),
        migrations.CreateModel(
            name='FeatureEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('key', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('filters', models.JSONField(blank=True, default=dict, help_text='Only events with these group values, such as {"model": ["large"]}.')),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('meter', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.meter')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='pricing.feature')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('key', models.CharField(max_length=64)),
                ('version', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('billing_cadence', models.CharField(default='P1M', help_text='ISO 8601 duration, such as P1M.', max_length=8)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('effective_from', models.DateTimeField(blank=True, editable=False, null=True)),
                ('effective_to', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'version'), name='one_plan_per_key_and_version'), models.UniqueConstraint(condition=models.Q(('deleted_at', None), ('effective_from', None)), fields=('key',), name='one_draft_per_plan_key', violation_error_message='This plan has a draft already. Edit or publish that one.'), models.UniqueConstraint(condition=models.Q(('deleted_at', None), ('effective_from__isnull', False), ('effective_to', None)), fields=('key',), name='one_plan_in_force_per_key'), models.CheckConstraint(condition=models.Q(('effective_to', None), ('effective_from__lt', models.F('effective_to')), _connector='OR'), name='plan_ends_after_it_starts')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plan',
            trigger=pgtrigger.compiler.Trigger(name='published_plan_keeps_its_terms', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."effective_from" IS NOT NULL)', func="\n    IF TG_OP = 'DELETE'\n        OR (NEW.key, NEW.version, NEW.currency, NEW.billing_cadence, NEW.effective_from)\n            IS DISTINCT FROM (OLD.key, OLD.version, OLD.currency, OLD.billing_cadence, OLD.effective_from)\n    THEN\n        RAISE EXCEPTION 'A published plan cannot change: make a new version of it.';\n    END IF;\n    RETURN COALESCE(NEW, OLD);\n", hash='1089db2313edf0400eb10bc1b7629ed8ad21a3c4', operation='UPDATE OR DELETE', pgid='pgtrigger_published_plan_keeps_its_terms_ce57e', table='pricing_plan', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plan',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_planevent" ("billing_cadence", "created_at", "currency", "deleted_at", "description", "effective_from", "effective_to", "id", "key", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid", "updated_at", "version") VALUES (NEW."billing_cadence", NEW."created_at", NEW."currency", NEW."deleted_at", NEW."description", NEW."effective_from", NEW."effective_to", NEW."id", NEW."key", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."ulid", NEW."updated_at", NEW."version"); RETURN NULL;', hash='802a7b458f8efc58bfc7658a54f7c0d225eae93f', operation='INSERT', pgid='pgtrigger_insert_insert_3cf17', table='pricing_plan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plan',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "pricing_planevent" ("billing_cadence", "created_at", "currency", "deleted_at", "description", "effective_from", "effective_to", "id", "key", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid", "updated_at", "version") VALUES (NEW."billing_cadence", NEW."created_at", NEW."currency", NEW."deleted_at", NEW."description", NEW."effective_from", NEW."effective_to", NEW."id", NEW."key", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."ulid", NEW."updated_at", NEW."version"); RETURN NULL;', hash='f3537a52dfabf77141d0fdc7f5d2347aefeacc38', operation='UPDATE', pgid='pgtrigger_update_update_ad76e', table='pricing_plan', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='plan',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_planevent" ("billing_cadence", "created_at", "currency", "deleted_at", "description", "effective_from", "effective_to", "id", "key", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid", "updated_at", "version") VALUES (OLD."billing_cadence", OLD."created_at", OLD."currency", OLD."deleted_at", OLD."description", OLD."effective_from", OLD."effective_to", OLD."id", OLD."key", OLD."metadata", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."ulid", OLD."updated_at", OLD."version"); RETURN NULL;', hash='64a1ba695b7e1c4cc21632a67c2a46d2e93c2ec1', operation='DELETE', pgid='pgtrigger_delete_delete_d378c', table='pricing_plan', when='AFTER')),
        ),
        migrations.AddField(
            model_name='planevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='planevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='pricing.plan'),
        ),
        migrations.AddField(
            model_name='planphase',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='phases', to='pricing.plan'),
        ),
        migrations.AddField(
            model_name='planphaseevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='planphaseevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='pricing.planphase'),
        ),
        migrations.AddField(
            model_name='planphaseevent',
            name='plan',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.plan'),
        ),
        migrations.AddField(
            model_name='ratecard',
            name='feature',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rate_cards', to='pricing.feature'),
        ),
        migrations.AddField(
            model_name='ratecard',
            name='phase',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rate_cards', to='pricing.planphase'),
        ),
        migrations.AddField(
            model_name='ratecardevent',
            name='feature',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.feature'),
        ),
        migrations.AddField(
            model_name='ratecardevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='ratecardevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='pricing.ratecard'),
        ),
        migrations.AddField(
            model_name='ratecardevent',
            name='phase',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.planphase'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='pricing.plan'),
        ),
        migrations.AddField(
            model_name='subscriptionevent',
            name='customer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='subscriptionevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='subscriptionevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='pricing.subscription'),
        ),
        migrations.AddField(
            model_name='subscriptionevent',
            name='plan',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.plan'),
        ),
        migrations.AddField(
            model_name='subscriptionitem',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='subscriptionitem',
            name='feature',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pricing.feature'),
        ),
        migrations.AddField(
            model_name='subscriptionitem',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='pricing.subscription'),
        ),
        migrations.AddField(
            model_name='subscriptionitemevent',
            name='customer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='subscriptionitemevent',
            name='feature',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.feature'),
        ),
        migrations.AddField(
            model_name='subscriptionitemevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='subscriptionitemevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='pricing.subscriptionitem'),
        ),
        migrations.AddField(
            model_name='subscriptionitemevent',
            name='subscription',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.subscription'),
        ),
        migrations.AddConstraint(
            model_name='feature',
            constraint=models.UniqueConstraint(condition=models.Q(('archived_at', None)), fields=('key',), name='one_live_feature_per_key', violation_error_message='Another feature has this key already.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='feature',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_featureevent" ("archived_at", "created_at", "filters", "id", "key", "metadata", "meter_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid", "updated_at") VALUES (NEW."archived_at", NEW."created_at", NEW."filters", NEW."id", NEW."key", NEW."metadata", NEW."meter_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='0b5bf1badc711bc5e1fc4ab53fca58f85dab4142', operation='INSERT', pgid='pgtrigger_insert_insert_24b7e', table='pricing_feature', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='feature',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "pricing_featureevent" ("archived_at", "created_at", "filters", "id", "key", "metadata", "meter_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid", "updated_at") VALUES (NEW."archived_at", NEW."created_at", NEW."filters", NEW."id", NEW."key", NEW."metadata", NEW."meter_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='0bcd9f3a1d41517be29e16064c15d0f0eda6355a', operation='UPDATE', pgid='pgtrigger_update_update_ca66f', table='pricing_feature', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='feature',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_featureevent" ("archived_at", "created_at", "filters", "id", "key", "metadata", "meter_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid", "updated_at") VALUES (OLD."archived_at", OLD."created_at", OLD."filters", OLD."id", OLD."key", OLD."metadata", OLD."meter_id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."ulid", OLD."updated_at"); RETURN NULL;', hash='84c247cab5cc0103839e4305ac46da2c27c2a611', operation='DELETE', pgid='pgtrigger_delete_delete_6679b', table='pricing_feature', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='featureevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='7779f8024c9afb2b388a2844ed336449952a3996', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_442ff', table='pricing_featureevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2bceee9a44d60fa5f96dd2e1e8250257be3db545', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_d627a', table='pricing_planevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='planphase',
            constraint=models.UniqueConstraint(fields=('plan', 'key'), name='one_phase_per_key'),
        ),
        migrations.AddConstraint(
            model_name='planphase',
            constraint=models.UniqueConstraint(fields=('plan', 'position'), name='one_phase_per_position'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planphase',
            trigger=pgtrigger.compiler.Trigger(name='published_phase_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF EXISTS (\n            SELECT 1 FROM (SELECT effective_from FROM pricing_plan WHERE id IN (OLD.plan_id, NEW.plan_id) FOR SHARE) AS plans\n            WHERE effective_from IS NOT NULL\n        ) THEN\n            RAISE EXCEPTION 'A published plan cannot change: make a new version of it.';\n        END IF;\n        RETURN COALESCE(NEW, OLD);\n    ", hash='2e3a27a9e7c78e558c58e5e75821270d8d84fbd3', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_published_phase_is_frozen_413be', table='pricing_planphase', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planphase',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_planphaseevent" ("duration", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "position") VALUES (NEW."duration", NEW."id", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."position"); RETURN NULL;', hash='8448e171e3f10bb9fa425ec33b207c07f751d70a', operation='INSERT', pgid='pgtrigger_insert_insert_b0741', table='pricing_planphase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planphase',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "pricing_planphaseevent" ("duration", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "position") VALUES (NEW."duration", NEW."id", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."position"); RETURN NULL;', hash='9d1d57942f56f392d87f8953621937e4e3a9afe8', operation='UPDATE', pgid='pgtrigger_update_update_a8347', table='pricing_planphase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planphase',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_planphaseevent" ("duration", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "position") VALUES (OLD."duration", OLD."id", OLD."key", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."position"); RETURN NULL;', hash='0602c2d6f3723653efc55a3ce695524a61fc7838', operation='DELETE', pgid='pgtrigger_delete_delete_c43b4', table='pricing_planphase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='planphaseevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d9d13a932b8617c83d6bde7b68c64b7e8fb7351f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_5971c', table='pricing_planphaseevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='ratecard',
            constraint=models.UniqueConstraint(fields=('phase', 'key'), name='one_rate_card_per_key'),
        ),
        migrations.AddConstraint(
            model_name='ratecard',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['flat_fee', 'usage_based'])), name='rate_card_type_is_known'),
        ),
        migrations.AddConstraint(
            model_name='ratecard',
            constraint=models.CheckConstraint(condition=models.Q(('type', 'flat_fee'), ('feature__isnull', False), _connector='OR'), name='usage_rate_card_has_a_feature', violation_error_message='A usage-based rate card needs a feature with a meter.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ratecard',
            trigger=pgtrigger.compiler.Trigger(name='published_rate_card_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n        IF EXISTS (\n            SELECT 1 FROM (SELECT effective_from FROM pricing_plan WHERE id IN (SELECT plan_id FROM pricing_planphase WHERE id IN (OLD.phase_id, NEW.phase_id)) FOR SHARE) AS plans\n            WHERE effective_from IS NOT NULL\n        ) THEN\n            RAISE EXCEPTION 'A published plan cannot change: make a new version of it.';\n        END IF;\n        RETURN COALESCE(NEW, OLD);\n    ", hash='f3bb3bc72608bc057072c7cf0900fd49b4097fb5', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_published_rate_card_is_frozen_cdb79', table='pricing_ratecard', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ratecard',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_ratecardevent" ("billing_cadence", "feature_id", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase_id", "position", "price", "type") VALUES (NEW."billing_cadence", NEW."feature_id", NEW."id", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phase_id", NEW."position", NEW."price", NEW."type"); RETURN NULL;', hash='00fef96f66f88aff58a71fe4913cc96298a93d71', operation='INSERT', pgid='pgtrigger_insert_insert_84aba', table='pricing_ratecard', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ratecard',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "pricing_ratecardevent" ("billing_cadence", "feature_id", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase_id", "position", "price", "type") VALUES (NEW."billing_cadence", NEW."feature_id", NEW."id", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phase_id", NEW."position", NEW."price", NEW."type"); RETURN NULL;', hash='de7fba64fd7b7ea064a95ea6f67fa6bcf81d1ad1', operation='UPDATE', pgid='pgtrigger_update_update_c18a6', table='pricing_ratecard', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ratecard',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_ratecardevent" ("billing_cadence", "feature_id", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase_id", "position", "price", "type") VALUES (OLD."billing_cadence", OLD."feature_id", OLD."id", OLD."key", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phase_id", OLD."position", OLD."price", OLD."type"); RETURN NULL;', hash='f05677df51c2674edbfd7f3af7c0fc1ba5f6285d', operation='DELETE', pgid='pgtrigger_delete_delete_9aa5c', table='pricing_ratecard', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ratecardevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='02e2b8a45374e03c0d7d72081d9dc0c94680814d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_8a83a', table='pricing_ratecardevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(models.F('customer'), models.F('customer'), models.Value('[]'), function='int8range'), '&&'), (metering.models.customer.TstzRange('active_from', 'active_to'), '&&')], name='one_subscription_per_customer_at_a_time', violation_error_message='This customer has a subscription at that time already.'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('active_to', None), ('active_from__lt', models.F('active_to')), _connector='OR'), name='subscription_ends_after_it_starts'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscription',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_subscriptionevent" ("active_from", "active_to", "billing_anchor", "billing_cadence", "created_at", "currency", "customer_id", "id", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "time_zone", "ulid", "updated_at") VALUES (NEW."active_from", NEW."active_to", NEW."billing_anchor", NEW."billing_cadence", NEW."created_at", NEW."currency", NEW."customer_id", NEW."id", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."time_zone", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='c406a13dbb5805ce28ae926a8641f99255d122ec', operation='INSERT', pgid='pgtrigger_insert_insert_4899d', table='pricing_subscription', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscription',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "pricing_subscriptionevent" ("active_from", "active_to", "billing_anchor", "billing_cadence", "created_at", "currency", "customer_id", "id", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "time_zone", "ulid", "updated_at") VALUES (NEW."active_from", NEW."active_to", NEW."billing_anchor", NEW."billing_cadence", NEW."created_at", NEW."currency", NEW."customer_id", NEW."id", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."time_zone", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='dae0f74d980a3aa31f2fa28f544c44b8504ac5e6', operation='UPDATE', pgid='pgtrigger_update_update_01fea', table='pricing_subscription', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscription',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_subscriptionevent" ("active_from", "active_to", "billing_anchor", "billing_cadence", "created_at", "currency", "customer_id", "id", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "time_zone", "ulid", "updated_at") VALUES (OLD."active_from", OLD."active_to", OLD."billing_anchor", OLD."billing_cadence", OLD."created_at", OLD."currency", OLD."customer_id", OLD."id", OLD."metadata", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."time_zone", OLD."ulid", OLD."updated_at"); RETURN NULL;', hash='e8a1cf9df99ad65a8f0e00153785def289f00065', operation='DELETE', pgid='pgtrigger_delete_delete_1cd49', table='pricing_subscription', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscriptionevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a5db1894b810f95d3ff7ea92dcd3d511582d41ab', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_f66df', table='pricing_subscriptionevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='subscriptionitem',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('feature__isnull', False)), expressions=[(models.Func(models.F('customer'), models.F('customer'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('feature'), models.F('feature'), models.Value('[]'), function='int8range'), '&&'), (metering.models.customer.TstzRange('active_from', 'active_to'), '&&')], name='one_billable_item_per_feature_and_customer', violation_error_message='This customer is billed for this feature at that time already.'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionitem',
            constraint=models.CheckConstraint(condition=models.Q(('active_to', None), ('active_from__lt', models.F('active_to')), _connector='OR'), name='subscription_item_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='subscriptionitem',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['flat_fee', 'usage_based'])), name='subscription_item_type_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscriptionitem',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_subscriptionitemevent" ("active_from", "active_to", "billing_cadence", "created_at", "customer_id", "feature_id", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase_key", "position", "price", "subscription_id", "type", "ulid") VALUES (NEW."active_from", NEW."active_to", NEW."billing_cadence", NEW."created_at", NEW."customer_id", NEW."feature_id", NEW."id", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phase_key", NEW."position", NEW."price", NEW."subscription_id", NEW."type", NEW."ulid"); RETURN NULL;', hash='03b09f9547dbeca6f19d52e99534b0266a5a6e7c', operation='INSERT', pgid='pgtrigger_insert_insert_99ac7', table='pricing_subscriptionitem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscriptionitem',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "pricing_subscriptionitemevent" ("active_from", "active_to", "billing_cadence", "created_at", "customer_id", "feature_id", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase_key", "position", "price", "subscription_id", "type", "ulid") VALUES (NEW."active_from", NEW."active_to", NEW."billing_cadence", NEW."created_at", NEW."customer_id", NEW."feature_id", NEW."id", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phase_key", NEW."position", NEW."price", NEW."subscription_id", NEW."type", NEW."ulid"); RETURN NULL;', hash='79479d6519c5791bfab6050243d37beefee1e74c', operation='UPDATE', pgid='pgtrigger_update_update_ae6fc', table='pricing_subscriptionitem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscriptionitem',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pricing_subscriptionitemevent" ("active_from", "active_to", "billing_cadence", "created_at", "customer_id", "feature_id", "id", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase_key", "position", "price", "subscription_id", "type", "ulid") VALUES (OLD."active_from", OLD."active_to", OLD."billing_cadence", OLD."created_at", OLD."customer_id", OLD."feature_id", OLD."id", OLD."key", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phase_key", OLD."position", OLD."price", OLD."subscription_id", OLD."type", OLD."ulid"); RETURN NULL;', hash='bbf730612e0057d4e2140c3efa86ef34d4f608a5', operation='DELETE', pgid='pgtrigger_delete_delete_322b3', table='pricing_subscriptionitem', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subscriptionitemevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='052f45192990721842aa813bd3c27348fba0c854', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fcbc4', table='pricing_subscriptionitemevent', when='BEFORE')),
        ),
    ]
